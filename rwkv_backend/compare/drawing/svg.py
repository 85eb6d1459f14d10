"""A picture as SVG. Colours are CSS variables with the light values to fall back on, so that a page can turn them dark."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from rwkv_backend.compare.drawing.shapes import Box, Label, Line, Mark, Picture, Point, Shape, colours, mark_lines

FALLBACK = colours(dark=False)


def svg(picture: Picture) -> str:
    """One <svg> element, all texts escaped, that needs nothing from outside."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {picture.width} {picture.height}" '
        f'width="{picture.width}" height="{picture.height}" role="img" aria-label={quoteattr(_printable(picture.about))} '
        'font-family="system-ui, sans-serif">'
    )
    return "\n".join([head, *map(_element, picture.shapes), "</svg>"])


def variable(part: str) -> str:
    """The name of the CSS variable of a part."""
    return f"--{part.replace(' ', '-')}"


def _element(shape: Shape) -> str:
    match shape:
        case Line():
            dash = f' stroke-dasharray="{" ".join(map(_short, shape.dash))}"' if shape.dash else ""
            style = f"fill:none;stroke:{_colour(shape.colour)};stroke-width:{_short(shape.width)}"
            return f'<polyline points="{_points(shape.points)}" style="{style}"{dash}/>'
        case Box():
            place = f'x="{_short(shape.left)}" y="{_short(shape.top)}"'
            size = f'width="{_short(shape.width)}" height="{_short(shape.height)}"'
            return f'<rect {place} {size} style="fill:{_colour(shape.colour)}"/>'
        case Label():
            x, y = shape.at
            place = f'x="{_short(x)}" y="{_short(y)}" text-anchor="{shape.anchor}" font-size="{_short(shape.size)}"'
            return f'<text {place} style="fill:{_colour(shape.colour)}">{escape(_printable(shape.text))}</text>'
        case Mark():
            return _mark(shape)


def _mark(mark: Mark) -> str:
    colour, (x, y) = _colour(mark.colour), mark.at
    if mark.kind in ("circle", "ring"):
        fill = (
            f"fill:{colour}" if mark.kind == "circle" else f"fill:{_colour('paper')};stroke:{colour};stroke-width:1.5"
        )
        return f'<circle cx="{_short(x)}" cy="{_short(y)}" r="{_short(mark.radius)}" style="{fill}"/>'
    outlines = mark_lines(mark.kind, mark.at, mark.radius)
    if mark.kind in ("cross", "plus"):
        style = f"fill:none;stroke:{colour};stroke-width:1.8"
        return "".join(f'<polyline points="{_points(line)}" style="{style}"/>' for line in outlines)
    return f'<polygon points="{_points(outlines[0])}" style="fill:{colour}"/>'


def _colour(part: str) -> str:
    return f"var({variable(part)},{FALLBACK[part]})"


def _points(points: tuple[Point, ...]) -> str:
    return " ".join(f"{_short(x)},{_short(y)}" for x, y in points)


def _short(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")


def _printable(text: str) -> str:
    """Without the control characters that XML cannot hold."""
    return "".join(c if c.isprintable() or c == " " else "\ufffd" for c in text)
