"""`python -m app`: each demo model writes a tale into the terminal."""

from __future__ import annotations

import sys


def main() -> int:
    from app.headless import tell_tales

    return tell_tales(sys.stdout)


if __name__ == "__main__":
    sys.exit(main())
