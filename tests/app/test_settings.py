"""Settings outlive the program, and no file, however broken, stops it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray

from app.settings import MOST_RECENT, OVERRIDE, LastModel, Settings, settings_file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings.ini"


def everything(settings: Settings) -> dict[str, object]:
    names = [name for name, item in vars(Settings).items() if isinstance(item, property)]
    return {name: getattr(settings, name) for name in names}


DEFAULTS: dict[str, object] = {
    "geometry": b"",
    "dock_state": b"",
    "hidden_plots": (),
    "theme": "system",
    "language": "system",
    "first_start": True,
    "send_key": "enter",
    "mode": "complete",
    "sampling": {},
    "tint": False,
    "timeline_megabytes": 256,
    "recent": (),
    "last_model": None,
    "threads": 0,
}

OTHERS: dict[str, object] = {
    "geometry": b"\x01\xd9\xd0\xcb\x00\xff;,=\n",
    "dock_state": b"\x00\x00\x00\xff",
    "hidden_plots": ("decay, slow", "memory"),
    "theme": "dark",
    "language": "zh_CN",
    "first_start": False,
    "send_key": "ctrl_enter",
    "mode": "chat",
    "sampling": {"temperature": 0.7, "stops": ["\n\n", "用户:"], "seed": None},
    "tint": True,
    "timeline_megabytes": 1024,
    "recent": (Path("/models/a, b;=.pth"), Path("/模型/v6.pth")),
    "last_model": LastModel(Path("/models/v6.pth"), "cuda:0", "bfloat16", "world"),
    "threads": 3,
}


def test_a_first_start_has_the_defaults(file: Path) -> None:
    assert everything(Settings(file)) == DEFAULTS


def test_everything_is_there_again_after_a_restart(file: Path) -> None:
    settings = Settings(file)
    for name, value in OTHERS.items():
        setattr(settings, name, value)
    assert settings.save()
    assert everything(Settings(file)) == OTHERS


def test_every_setting_differs_between_the_two_tables_above() -> None:
    assert all(OTHERS[name] != default for name, default in DEFAULTS.items())


@pytest.mark.parametrize(
    "content",
    [
        b"\x00\xff\xfe\x80 not text at all \x00",
        b"[window\ngeometry=\n==\n[[[",
        b"[window]\ngeometry=@Rect(1 2 3)\ndock_state=5\ntheme=purple\nlanguage=@Invalid()\nfirst_start=perhaps\n"
        b"hidden_plots=[1]\n"
        b"[writing]\nsend_key=a, b, c\nmode=@ByteArray(chat)\nsampling=[1\n"
        b"[models]\nrecent={}\nlast=[]\n[engine]\nthreads=-1\n",
        b'[models]\nrecent="[1, null]"\nlast="[\\"\\", \\"cpu\\", \\"int8\\", \\"\\"]"\n[engine]\nthreads=99999\n',
        b'[models]\nlast="[\\"/m.pth\\", \\"cpu\\"]"\n[writing]\nsampling="[[[[' + b"[" * 100_000 + b'"\n',
        b"[window]\ngeometry=@Variant(\\0\\0\\0\\x42\\0)\n[engine]\nthreads=\xc2\xb2\n",
    ],
    ids=["not text", "no sections", "foreign values", "wrong kinds", "too deep", "another type"],
)
def test_a_broken_file_counts_as_not_set(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert everything(Settings(file)) == DEFAULTS


def test_one_broken_value_does_not_cost_the_others(file: Path) -> None:
    file.write_bytes(b"[window]\ntheme=dark\nlanguage=klingon\n[engine]\nthreads=2\n")
    settings = Settings(file)
    assert (settings.theme, settings.language, settings.threads) == ("dark", "system", 2)


def test_a_broken_file_can_be_written_again(file: Path) -> None:
    file.write_bytes(b"\x00\xff[[[ garbage")
    settings = Settings(file)
    settings.theme = "dark"
    settings.save()
    assert Settings(file).theme == "dark"


def test_without_a_place_on_disk_settings_hold_until_the_end(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    settings = Settings(tmp_path / "file" / "settings.ini")
    settings.theme = "dark"
    assert not settings.save()
    assert settings.theme == "dark"


def test_names_of_files_that_are_not_text_survive(file: Path) -> None:
    path = Path("/models/\udcff\udc80.pth")
    settings = Settings(file)
    settings.recent = (path,)
    settings.save()
    assert Settings(file).recent == (path,)


def test_recent_files_are_few_and_each_once(file: Path) -> None:
    settings = Settings(file)
    settings.recent = [Path(f"/models/{i // 2}.pth") for i in range(4 * MOST_RECENT)]
    assert len(settings.recent) == MOST_RECENT // 2
    settings.recent = [Path(f"/models/{i}.pth") for i in range(4 * MOST_RECENT)]
    assert settings.recent == tuple(Path(f"/models/{i}.pth") for i in range(MOST_RECENT))


def test_the_last_model_can_be_forgotten(file: Path) -> None:
    settings = Settings(file)
    settings.last_model = LastModel(Path("/m.pth"), "cpu", "int8")
    settings.last_model = None
    assert settings.last_model is None


def test_qt_takes_and_gives_geometry_in_either_form(file: Path) -> None:
    settings = Settings(file)
    settings.geometry = QByteArray(b"abc")
    assert settings.geometry == b"abc"
    settings.geometry = memoryview(b"abcd")
    assert settings.geometry == b"abcd"


def test_the_environment_may_name_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OVERRIDE, str(tmp_path / "mine.ini"))
    settings = Settings()
    settings.threads = 2
    settings.save()
    assert settings.file == tmp_path / "mine.ini"
    assert settings.file.is_file()


def test_otherwise_the_file_is_in_the_users_own_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(OVERRIDE, raising=False)
    assert settings_file().is_absolute()
    assert "rwkv-playground" in str(settings_file())
