"""A comparison as files: one HTML page that needs nothing else, the same as Markdown, tables as CSV and pictures as PNG.

Texts come from strangers (prompts, what a model wrote, file names, sentences about broken files), so the page's templates
escape everything but our own SVG, and the page forbids itself scripts and requests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from rwkv_backend.compare.drawing.png import png
from rwkv_backend.compare.drawing.shapes import colours
from rwkv_backend.compare.drawing.svg import svg, variable
from rwkv_backend.compare.figures import Figure, figures
from rwkv_backend.compare.records import Comparison, Written
from rwkv_backend.compare.tables import Table, as_csv, tables
from rwkv_backend.errors import SettingError
from rwkv_backend.tokenizers.base import TextStream
from rwkv_backend.writing import write_whole

TEMPLATES = Path(__file__).resolve().parent.parent.parent / "resources" / "report"

MOST_SURPRISED = 10.0
"""Nats at which a written token has its full tint."""


def write_report(comparison: Comparison, folder: Path) -> tuple[Path, ...]:
    """Write report.html, report.md, a CSV for each table and a PNG for each picture; returns their paths, the page first.

    Files of an earlier report of the same names are replaced, each whole or not at all. SettingError where that fails.
    """
    drawn, found = figures(comparison), tables(comparison)
    files = {
        "report.html": html_page(comparison, drawn, found).encode("utf-8"),
        "report.md": markdown_page(comparison, drawn, found).encode("utf-8"),
        **{f"{table.key}.csv": as_csv(table).encode("utf-8") for table in found if table.filed},
        **{f"{figure.key}.png": png(figure.picture) for figure in drawn},
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            _write(folder / name, data)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise SettingError(f"The report cannot be written to {folder}: {reason}.") from error
    return tuple(folder / name for name in files)


def _write(path: Path, data: bytes) -> None:
    write_whole(path, lambda file: file.write(data))


def html_page(comparison: Comparison, drawn: list[Figure], found: list[Table]) -> str:
    template = environment(escape=True).get_template("report.html.j2")
    pictures = [(figure, Markup(svg(figure.picture))) for figure in drawn]
    return template.render(
        comparison=comparison,
        figures=pictures,
        drawn={figure.key for figure in drawn},
        tables=found,
        light=_variables(dark=False),
        dark=_variables(dark=True),
        style=Markup((TEMPLATES / "report.css").read_text(encoding="utf-8")),
        pieces=pieces,
    )


def markdown_page(comparison: Comparison, drawn: list[Figure], found: list[Table]) -> str:
    template = environment(escape=False).get_template("report.md.j2")
    return template.render(comparison=comparison, figures=drawn, tables=found)


def environment(escape: bool) -> Environment:
    """Where templates come from. In Markdown, `cell` and `fenced` keep what strangers wrote from being read as markup."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=escape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {"cell": markdown_cell, "fenced": fenced}
    return made


def _variables(dark: bool) -> Markup:
    return Markup(" ".join(f"{variable(part)}: {value};" for part, value in colours(dark).items()))


@dataclass(frozen=True)
class Piece:
    """A written token's text, and how surprised the model was by it: nats, and 0 to 100 for its tint."""

    text: str
    nats: float

    @property
    def tint(self) -> int:
        return round(100 * min(max(self.nats, 0.0) / MOST_SURPRISED, 1.0))


def pieces(written: Written) -> Iterator[Piece]:
    """The text token by token; a character that several tokens share comes with the last of them."""
    data, characters = written.text.encode("utf-8"), TextStream()
    for start, end, logprob in zip(written.starts, written.ends, written.logprobs, strict=True):
        yield Piece(characters.feed(data[start:end]), -float(logprob))
    rest = characters.feed(data[int(written.ends[-1]) if len(written.ends) else 0 :]) + characters.finish()
    if rest:
        yield Piece(rest, 0.0)


def markdown_cell(value: str) -> str:
    """A stranger's text on one line, with no sign left that Markdown or HTML would read."""
    text = " ".join(str(value).split())
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_{}\[\]|!#~])", r"\\\1", text)


def fenced(value: str) -> str:
    """A block that shows the text as it is; its fence is longer than any row of backticks inside."""
    longest = max((len(run) for run in re.findall(r"`+", value)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{value}\n{fence}"
