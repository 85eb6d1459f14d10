"""Are the system libraries there that Qt loads at run time? Installs what is missing, or says what to type.

PySide6's wheels bring Qt itself, but not the C libraries beneath it, which a bare Debian or Ubuntu lacks. Qt's own message
names xcb-cursor0 whichever is missing. Called by the Makefile:

    python tools/qt_libraries.py            offscreen is enough (tests)
    python tools/qt_libraries.py --window   a real window too
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys

OFFSCREEN = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
}
"""Shared library -> Debian package that holds it."""

WINDOW = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-shape.so.0": "libxcb-shape0",
}


def main() -> int:
    if not sys.platform.startswith("linux"):
        return 0
    wanted = OFFSCREEN | (WINDOW if "--window" in sys.argv else {})
    packages = sorted({package for library, package in wanted.items() if not _loads(library)})
    if not packages:
        return 0
    if _install(packages):
        return 0
    sys.stderr.write(
        f"Qt needs system libraries that are missing here. Type:\n  sudo apt-get install {' '.join(packages)}\n"
    )
    return 1


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _install(packages: list[str]) -> bool:
    """Try apt where it needs no password: as root, or with a sudo that does not ask."""
    if shutil.which("apt-get") is None:
        return False
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"] if shutil.which("sudo") else None
    if sudo is None:
        return False
    sys.stderr.write(f"Installing system libraries for Qt: {' '.join(packages)}\n")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
        run = subprocess.run([*sudo, "apt-get", *command], env=environment, stdout=subprocess.DEVNULL, check=False)
        if run.returncode:
            return False
    return True


if __name__ == "__main__":
    sys.exit(main())
