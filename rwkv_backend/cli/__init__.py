"""The command line: `python -m rwkv_backend inspect | logits | trace | generate | eval | bench | compare | cache`.

Results go to stdout (with --json one object), progress and messages to stderr. Exit 0: done; 2: the input cannot be used,
said in one sentence; 130: interrupted. Torch is imported by the commands that need it, so `inspect` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from rwkv_backend.cli.arguments import DTYPES, parser
from rwkv_backend.cli.talking import say
from rwkv_backend.errors import RWKVError

__all__ = ["DTYPES", "main"]


def main(arguments: Sequence[str] | None = None) -> int:
    try:
        options = parser().parse_args(arguments)
        options.run(options)
        sys.stdout.flush()
    except RWKVError as error:
        say(f"error: {error}")
        return 2
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    except BrokenPipeError:  # the reader of our output has gone; Python would complain again when it closes stdout
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
