"""What a picture is made of. Lengths in pixels of the picture, y downwards.

A colour is named by its part: "series 0" … for the models, "text", "muted", "axis", "grid", "paper".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Point = tuple[float, float]
Anchor = Literal["start", "middle", "end"]
MarkKind = Literal["circle", "square", "triangle", "diamond", "cross", "plus", "ring"]

MARKS: tuple[MarkKind, ...] = ("circle", "square", "triangle", "diamond", "cross", "plus", "ring")
DASHES: tuple[tuple[float, ...], ...] = ((), (7, 3), (2, 2), (9, 3, 2, 3), (4, 4), (12, 4), (6, 2, 2, 2, 2, 2))
"""Series differ in colour, mark and dash, so that they can be told apart in black and white too."""

LIGHT = ("#0072b2", "#d55e00", "#009e73", "#b3589a", "#b27d00", "#3a9bd0", "#555555")
DARK = ("#5bb0ec", "#ff8a4a", "#2fd0a0", "#eb97cd", "#f0b93a", "#a4dcff", "#c8c8c8")
"""After Okabe and Ito's palette for colour-blind readers, each at least 3 : 1 against its paper."""

PARTS_LIGHT = {"text": "#1f2328", "muted": "#59636e", "axis": "#59636e", "grid": "#e2e5e9", "paper": "#ffffff"}
PARTS_DARK = {"text": "#e6e8eb", "muted": "#a5adb8", "axis": "#a5adb8", "grid": "#333a44", "paper": "#16191d"}


@dataclass(frozen=True)
class Line:
    points: tuple[Point, ...]
    colour: str
    width: float = 1.0
    dash: tuple[float, ...] = ()


@dataclass(frozen=True)
class Mark:
    kind: MarkKind
    at: Point
    colour: str
    radius: float = 3.5


@dataclass(frozen=True)
class Box:
    left: float
    top: float
    width: float
    height: float
    colour: str


@dataclass(frozen=True)
class Label:
    at: Point
    text: str
    anchor: Anchor = "start"
    colour: str = "text"
    size: float = 12.0


Shape = Line | Mark | Box | Label


@dataclass(frozen=True)
class Picture:
    """`about` says in words what is to be seen."""

    width: int
    height: int
    shapes: tuple[Shape, ...]
    about: str


def series_colour(place: int) -> str:
    return f"series {place % len(LIGHT)}"


def colours(dark: bool) -> dict[str, str]:
    """Every part's colour on light or dark paper."""
    series = {series_colour(i): value for i, value in enumerate(DARK if dark else LIGHT)}
    return {**series, **(PARTS_DARK if dark else PARTS_LIGHT)}


def mark_lines(kind: MarkKind, at: Point, radius: float) -> tuple[tuple[Point, ...], ...]:
    """The outlines of a mark that is made of straight lines: closed for the filled ones, open for cross and plus."""
    (x, y), r = at, radius
    match kind:
        case "square":
            return (((x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r)),)
        case "triangle":
            return (((x, y - 1.3 * r), (x + 1.2 * r, y + r), (x - 1.2 * r, y + r)),)
        case "diamond":
            return (((x, y - 1.4 * r), (x + 1.4 * r, y), (x, y + 1.4 * r), (x - 1.4 * r, y)),)
        case "cross":
            return (((x - r, y - r), (x + r, y + r)), ((x - r, y + r), (x + r, y - r)))
        case "plus":
            return (((x - 1.3 * r, y), (x + 1.3 * r, y)), ((x, y - 1.3 * r), (x, y + 1.3 * r)))
        case "circle" | "ring":
            return ()
