"""Reports: pages that ask for nothing and believe nothing, tables that can be read back, pictures that show their numbers."""

from __future__ import annotations

import csv
import io
import json
import re
import struct
from dataclasses import fields, replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import torch

from rwkv_backend import cli
from rwkv_backend.compare.comparing import assemble
from rwkv_backend.compare.drawing.charts import WIDTH, Bar, BarChart, LineChart, Series, draw_bars, draw_lines
from rwkv_backend.compare.drawing.png import dashed, png
from rwkv_backend.compare.drawing.scales import Axis, powers, round_steps, scale_for
from rwkv_backend.compare.drawing.shapes import DASHES, MARKS, Box, Line, colours
from rwkv_backend.compare.drawing.svg import svg
from rwkv_backend.compare.figures import figures
from rwkv_backend.compare.records import Comparison, ModelResult, TaskFailure, Written
from rwkv_backend.compare.report import fenced, markdown_cell, pieces, write_report
from rwkv_backend.compare.tables import Table, as_csv, tables
from rwkv_backend.errors import SettingError
from tests import tiny
from tests.backend.compare.conftest import run_to_end
from tests.backend.compare.helpers import SMALL, TEXT
from tests.shared import Saved

HOSTILE = '<script>alert(1)</script> "><img src=http://evil/x onerror=y> {{ 7*7 }} | `` ``` ![x](http://evil) \x1b[2J'

LOADING = {"src", "href", "srcset", "action", "data", "poster", "background", "xlink:href"}


class Page(HTMLParser):
    """Tags, attributes that could load something, and the text of a page."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.loads: list[str] = []
        self.handlers: list[str] = []
        self.targets: set[str] = set()
        self.names: set[str] = set()
        self.text = ""
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.loads += [name for name, value in attrs if name in LOADING and not (value or "").startswith("#")]
        self.targets |= {value[1:] for name, value in attrs if name == "href" and value}
        self.names |= {value for name, value in attrs if name == "id" and value}
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    """Nobody can change it, so the tests share one."""
    files = [tmp_path_factory.mktemp("models") / f"{kind}.pth" for kind in ("1", "4", "6.0")]
    for file in files:
        torch.save(tiny.checkpoint(file.stem, vocab=256), file)
    return run_to_end(files, SMALL, TEXT)[0]


def hostile(comparison: Comparison) -> Comparison:
    """Everything that a stranger can put a text into."""
    first = comparison.models[0]
    assert first.writing is not None
    assert first.card is not None
    data = HOSTILE.encode()
    ends = np.arange(1, len(data) + 1)
    written = replace(
        first.writing, text=HOSTILE, starts=ends - 1, ends=ends, logprobs=np.full(len(data), -5, np.float32)
    )
    card = replace(first.card, info=replace(first.card.info, path=HOSTILE), tokenizer=HOSTILE)
    bad = replace(first, title=HOSTILE, card=card, writing=written, failures=(TaskFailure(None, HOSTILE),))
    return replace(
        comparison,
        text_name=HOSTILE,
        settings=replace(comparison.settings, prompt=HOSTILE),
        models=(bad, *comparison.models[1:]),
    )


def test_the_page_asks_for_nothing_outside(comparison: Comparison, tmp_path: Path) -> None:
    write_report(comparison, tmp_path)
    content = (tmp_path / "report.html").read_text(encoding="utf-8")
    page = Page(content)
    assert not page.tags & {"script", "link", "iframe", "img", "object", "embed", "base", "form"}
    assert not page.loads
    assert not page.handlers
    assert page.targets == {"by_distance", "half_life", "state_size"} <= page.names
    assert "url(" not in content
    assert "@import" not in content
    assert set(re.findall(r"https?://[^\"' ]+", content)) <= {"http://www.w3.org/2000/svg"}
    assert "default-src 'none'" in content
    assert content.count("<svg") == content.count("</svg>") == len(figures(comparison))


def test_what_strangers_wrote_is_shown_and_not_read(comparison: Comparison, tmp_path: Path) -> None:
    write_report(hostile(comparison), tmp_path)
    content = (tmp_path / "report.html").read_text(encoding="utf-8")
    page = Page(content)
    assert not page.tags & {"script", "img"}
    assert not page.handlers
    assert "<script>alert(1)</script>" in page.text
    assert "{{ 7*7 }}" in page.text
    for element in re.findall(r"<svg.*?</svg>", content, re.DOTALL):
        ET.fromstring(element)
    outside_fences = re.sub(
        r"(`{4,})text\n.*?\n\1", "", (tmp_path / "report.md").read_text(encoding="utf-8"), flags=re.DOTALL
    )
    assert "<script" not in outside_fences
    assert "![x]" not in outside_fences


def test_every_number_of_the_tables_is_in_the_files(comparison: Comparison, tmp_path: Path) -> None:
    files = write_report(comparison, tmp_path)
    assert files[0].name == "report.html"
    assert all(file.is_file() for file in files)
    for name in ("report.html", "report.md"):
        content = (tmp_path / name).read_text(encoding="utf-8")
        for model in comparison.models:
            assert model.card is not None
            assert model.card.fingerprint in content
            assert model.text is not None
            assert f"{model.text.bits_per_byte:.4f}" in content


def test_tables_can_be_read_back(comparison: Comparison, tmp_path: Path) -> None:
    """What was float32 to the bit, everything else to the last digit."""
    write_report(comparison, tmp_path)
    for table in (t for t in tables(comparison) if t.filed):
        with (tmp_path / f"{table.key}.csv").open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        assert tuple(header) == table.header
        for row, want in zip(rows, table.rows, strict=True):
            for text, value in zip(row, want, strict=True):
                if isinstance(value, float):
                    same = float(text) == value or np.float32(text) == np.float32(value) or value != value
                    assert same, (table.key, text, value)
                else:
                    assert text == ("" if value is None else str(value))


def test_a_spreadsheet_finds_no_formula() -> None:
    table = Table("x", "x", ("a",), (("=1+1",), ("@x",), (-1.5,), ("fine",)))
    assert [row[0] for row in csv.reader(io.StringIO(as_csv(table)))] == ["a", "'=1+1", "'@x", "-1.5", "fine"]


def test_pictures_are_pngs_of_the_right_size(comparison: Comparison) -> None:
    for figure in figures(comparison):
        data = png(figure.picture)
        assert data[:8] == b"\x89PNG\r\n\x1a\n"
        assert struct.unpack(">II", data[16:24]) == (2 * figure.picture.width, 2 * figure.picture.height)


def test_nothing_measured_gives_a_report_all_the_same(tmp_path: Path) -> None:
    failed = assemble([ModelResult("x", failures=(TaskFailure(None, "It is broken."),))], TEXT, SMALL, complete=False)
    write_report(failed, tmp_path / "new" / "folder")
    for name in ("report.html", "report.md"):
        content = (tmp_path / "new" / "folder" / name).read_text(encoding="utf-8")
        assert "It is broken." in content
        assert "stopped before its end" in content


def test_a_place_that_cannot_be_written_is_told_in_a_sentence(comparison: Comparison, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingError, match="cannot be written"):
        write_report(comparison, tmp_path / "file")


def test_pieces_make_up_the_text_though_tokens_cut_characters() -> None:
    text = "a–é!"
    size = len(text.encode())
    ends = np.arange(1, size + 1)
    written = Written(text, ends - 1, ends, -np.arange(size, dtype=np.float32), "length", 1, 1, 0.1, 0.1)
    assert "".join(piece.text for piece in pieces(written)) == text
    assert [piece.text for piece in pieces(written)] == ["a", "", "", "–", "", "é", "!"]
    held_back = replace(written, starts=ends[:2] - 1, ends=ends[:2], logprobs=np.zeros(2, np.float32))
    assert "".join(piece.text for piece in pieces(held_back)) == text


def test_markdown_of_a_stranger_stays_text() -> None:
    assert "|" not in markdown_cell("a|b").replace(r"\|", "")
    assert markdown_cell("a\nb <b>") == "a b &lt;b&gt;"
    assert fenced("x ```` y").startswith("`````text\n")


# Drawing


def test_lines_stay_within_the_axes_and_break_at_nan() -> None:
    series = Series("x", 0, (1.0, 2.0, 3.0, 4.0, 5.0), (1.0, 5.0, float("nan"), 2.0, 3.0))
    picture = draw_lines(LineChart("about", Axis("x"), Axis("y"), (series,)))
    drawn = [s for s in picture.shapes if isinstance(s, Line) and s.colour == "series 0" and len(s.points) == 2]
    assert len(drawn) == 3  # two parts and the key
    assert all(0 <= x <= WIDTH and 0 <= y <= picture.height for s in drawn for x, y in s.points)


def test_bars_are_as_long_as_their_numbers_and_begin_at_zero() -> None:
    bars = (Bar("a", 0, 2.0, "2"), Bar("b", 1, 4.0, "4"), Bar("c", 2, float("nan"), "–"))
    boxes = [s for s in draw_bars(BarChart("about", "unit", bars)).shapes if isinstance(s, Box)]
    assert boxes[1].width == pytest.approx(2 * boxes[0].width)
    assert len(boxes) == 2


def test_series_differ_without_colour_too() -> None:
    assert len(set(MARKS)) == len(set(DASHES)) == len({c for c in colours(False) if c.startswith("series")}) == 7


@pytest.mark.parametrize("dark", [False, True])
def test_series_stand_out_from_their_paper(dark: bool) -> None:
    """Contrast of at least 3 : 1 as WCAG counts it."""

    def light(colour: str) -> float:
        parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
        r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    values = colours(dark)
    paper = light(values["paper"])
    for part in [*(p for p in values if p.startswith("series")), "text", "muted"]:
        a, b = sorted((light(values[part]), paper))
        assert (b + 0.05) / (a + 0.05) >= 3, part


def test_ticks_are_round() -> None:
    assert round_steps(0, 10) == [0, 2, 4, 6, 8, 10]
    assert round_steps(1.33, 1.49) == pytest.approx([1.35, 1.4, 1.45])
    assert powers(1, 4096, 2, 20) == [2.0**n for n in range(13)]
    assert scale_for(Axis("x", log=10), [], 0, 1).ticks()


def test_dashes_go_round_corners() -> None:
    parts = list(dashed(((0, 0), (5, 0), (5, 5)), (7, 3)))
    assert parts == [[(0, 0), (5, 0), (5, 2)]]
    assert list(dashed(((0, 0), (5, 0)), ())) == [[(0, 0), (5, 0)]]


def test_svg_is_xml_whatever_it_is_called() -> None:
    picture = draw_bars(BarChart(HOSTILE, "unit", (Bar(HOSTILE, 0, 1.0, HOSTILE),)))
    assert ET.fromstring(svg(picture)).tag.endswith("svg")


# The command


def test_the_command_writes_the_report_and_tells_the_numbers(
    saved: Saved, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, out = tmp_path / "text.txt", tmp_path / "out"
    text.write_text(TEXT, encoding="utf-8")
    files = [str(saved("4", vocab=256)), str(text), str(saved("6.0", vocab=256))]
    options = ["--text", str(text), "--out", str(out), "--tasks", "writing,text", "--max-tokens", "5", "--seed", "3"]
    assert cli.main(["compare", *files, *options, "--prompt", "A fox", "--json"]) == 0
    printed, said = capsys.readouterr()
    told = json.loads(printed)
    assert "text.txt" in said
    assert [row["model"] for row in told["summary"]] == ["RWKV-4", "RWKV-6.0"]
    assert Path(told["files"][0]).is_file()
    assert cli.main(["eval", files[0], str(text), "--window", "512", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["bits_per_byte"] == told["summary"][0]["bits per byte"]
    settings = {row["setting"]: row["value"] for row in told["settings"]}
    assert (settings["seed"], settings["prompt"], settings["max tokens"]) == (3, "A fox", 5)


@pytest.mark.parametrize("extra", [["--tasks", "dancing"], []])
def test_the_command_refuses_what_cannot_be_compared(
    extra: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "text.txt"
    text.write_text("no model", encoding="utf-8")
    assert cli.main(["compare", str(text), "--text", str(text), "--out", str(tmp_path / "out"), *extra]) == 2
    assert not (tmp_path / "out").exists()
    assert capsys.readouterr().err.strip().endswith(".")


def test_every_setting_is_in_the_report(comparison: Comparison) -> None:
    (table,) = (t for t in tables(comparison) if t.key == "settings")
    told = {row[0] for row in table.rows}
    for field in fields(comparison.settings):
        assert field.name.replace("_", " ") in told or field.name == "sampling"
