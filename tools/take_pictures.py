"""Takes the README's pictures from a real session: a window under Xvfb, driven by mouse and keyboard.

    .venv/bin/python tools/take_pictures.py [NAME ...]        needs: apt-get install xvfb xdotool openbox imagemagick

Each picture opens a demo model, types a text, lets the model write, and stops it with Esc. Written to docs/images/ with a
palette of 256 colours.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
DISPLAY = ":83"


@dataclass(frozen=True)
class Picture:
    name: str
    version: int
    theme: str
    language: str
    size: tuple[int, int]
    mode: str = "complete"
    text: str = "Once upon a time there was a king who had"


PICTURES = (
    Picture("v6-light-en", 6, "light", "en", (1280, 800)),
    Picture("v6-dark-en-large", 6, "dark", "en", (1920, 1080)),
    Picture("v4-dark-zh", 4, "dark", "zh_CN", (1280, 800)),
    Picture("v4-light-zh-large", 4, "light", "zh_CN", (1920, 1080)),
    Picture("v1-light-en-large", 1, "light", "en", (1920, 1080), "chat", "Tell me a story about a fox."),
    Picture("v1-dark-zh", 1, "dark", "zh_CN", (1280, 800), "chat", "Tell me a story about a fox."),
)


def main() -> int:
    wanted = [p for p in PICTURES if not sys.argv[1:] or p.name in sys.argv[1:]]
    IMAGES.mkdir(parents=True, exist_ok=True)
    for picture in wanted:
        take(picture)
        sys.stdout.write(f"{IMAGES / picture.name}.png\n")
    return 0


def take(picture: Picture) -> None:
    width, height = picture.size
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "DISPLAY": DISPLAY,
            "QT_QPA_PLATFORM": "xcb",
            "RWKV_PLAYGROUND_CONFIG": str(Path(folder) / "config.ini"),
        }
        screen = [f"{width}x{height}x24"]
        quiet = subprocess.DEVNULL
        with subprocess.Popen(["Xvfb", DISPLAY, "-screen", "0", *screen], stdout=quiet, stderr=quiet) as server:
            time.sleep(1)
            manager = subprocess.Popen(["openbox"], env=environment, stdout=quiet, stderr=quiet)
            window = subprocess.Popen(command(picture), env=environment, cwd=ROOT)
            try:
                use(picture, environment)
                subprocess.run(["import", "-window", "root", f"{folder}/raw.png"], env=environment, check=True)
                shrink(Path(folder) / "raw.png", IMAGES / f"{picture.name}.png")
            finally:
                window.terminate()
                window.wait()
                manager.terminate()
                server.terminate()


def command(picture: Picture) -> list[str]:
    model = ROOT / "resources" / "demo" / "models" / f"rwkv-v{picture.version}-tales.pth"
    width, height = picture.size
    options = ["--theme", picture.theme, "--language", picture.language, "--mode", picture.mode]
    place = ["--size", f"{width}x{height - 22}", "--page", "inspect", "--seed", "7", "--max-tokens", "140"]
    return [sys.executable, "-m", "app", str(model), *options, *place]


def use(picture: Picture, environment: dict[str, str]) -> None:
    """As a person would: wait for the window, click into it, type, send, watch, stop."""

    def xdotool(*words: str) -> None:
        subprocess.run(["xdotool", *words], env=environment, check=True, stdout=subprocess.DEVNULL)

    xdotool("search", "--sync", "--onlyvisible", "--name", "tales")
    time.sleep(1.5)
    width, height = picture.size
    x = int(width * 0.36)
    y = int(height * 0.4) if picture.mode == "complete" else height - 105
    xdotool("mousemove", str(x), str(y), "click", "1")
    time.sleep(0.3)
    xdotool("type", "--delay", "15", picture.text)
    time.sleep(0.3)
    xdotool("key", "ctrl+Return")
    time.sleep(3.0)
    xdotool("mousemove", str(int(width * 0.6)), str(int(height * 0.22)))
    time.sleep(1.0)
    xdotool("key", "Escape")
    time.sleep(1.0)


def shrink(source: Path, target: Path) -> None:
    """A palette is enough for a window, and takes a third of the bytes."""
    subprocess.run(["convert", str(source), "-strip", "-colors", "256", f"PNG8:{target}"], check=True)


if __name__ == "__main__":
    sys.exit(main())
