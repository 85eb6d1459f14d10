"""PySide6-Essentials 6.12.0 on Python 3.10 and 3.11 loses a reference at every emit and at every call that returns nothing,
until the process aborts: after some 570 emits or 5,000 calls. This is why pyproject.toml pins it below 6.12."""

from __future__ import annotations

import subprocess
import sys

CODE = """
from PySide6.QtCore import QObject, Signal

class Speaker(QObject):
    said = Signal(int)

speaker, heard = Speaker(), []
speaker.said.connect(heard.append)
for i in range(2000):
    speaker.said.emit(i)
for i in range(20_000):
    speaker.setObjectName("x")
print(len(heard))
"""


def test_thousands_of_emits_and_calls_do_not_abort() -> None:
    run = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "2000"
