"""A picture as PNG on light paper, drawn larger and scaled down, as Pillow's lines have hard edges."""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Iterator

from PIL import Image, ImageDraw, ImageFont

from rwkv_backend.compare.drawing.shapes import Box, Label, Line, Mark, Picture, Point, Shape, colours, mark_lines

SCALE = 2
"""Pixels of the file for one of the picture."""

FINER = 2
"""Pixels drawn for one of the file, each way."""

COLOURS = colours(dark=False)
ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}


def png(picture: Picture) -> bytes:
    size = (picture.width * SCALE, picture.height * SCALE)
    image = Image.new("RGB", (size[0] * FINER, size[1] * FINER), COLOURS["paper"])
    pen = _Pen(ImageDraw.Draw(image))
    for shape in picture.shapes:
        pen.draw(shape)
    small = image.resize(size, Image.Resampling.BOX).quantize(96, dither=Image.Dither.NONE)
    file = io.BytesIO()
    small.save(file, "PNG", optimize=True)
    return file.getvalue()


class _Pen:
    """Draws shapes with all lengths taken times SCALE and FINER."""

    def __init__(self, draw: ImageDraw.ImageDraw) -> None:
        self.to = draw
        self.times = SCALE * FINER

    def draw(self, shape: Shape) -> None:
        colour = COLOURS[shape.colour]
        match shape:
            case Line():
                for part in dashed(shape.points, shape.dash):
                    self.to.line(
                        [self._at(p) for p in part], fill=colour, width=self._length(shape.width), joint="curve"
                    )
            case Box():
                corners = (shape.left, shape.top), (shape.left + shape.width, shape.top + shape.height)
                if shape.width > 0 and shape.height > 0:
                    self.to.rectangle([self._at(p) for p in corners], fill=colour)
            case Label():
                font = ImageFont.load_default(shape.size * self.times)
                self.to.text(self._at(shape.at), shape.text, fill=colour, font=font, anchor=ANCHORS[shape.anchor])
            case Mark():
                self._mark(shape, colour)

    def _mark(self, mark: Mark, colour: str) -> None:
        (x, y), r = mark.at, mark.radius
        if mark.kind in ("circle", "ring"):
            ends = [self._at((x - r, y - r)), self._at((x + r, y + r))]
            fill = colour if mark.kind == "circle" else COLOURS["paper"]
            self.to.ellipse(ends, fill=fill, outline=colour, width=self._length(1.5))
            return
        for outline in mark_lines(mark.kind, mark.at, r):
            points = [self._at(p) for p in outline]
            if mark.kind in ("cross", "plus"):
                self.to.line(points, fill=colour, width=self._length(1.8))
            else:
                self.to.polygon(points, fill=colour)

    def _at(self, point: Point) -> Point:
        return point[0] * self.times, point[1] * self.times

    def _length(self, length: float) -> int:
        return max(1, round(length * self.times))


def dashed(points: tuple[Point, ...], dash: tuple[float, ...]) -> Iterator[list[Point]]:
    """The pieces of a line that are drawn; all of it for no dash. The pattern goes on round corners, as in SVG."""
    if not dash or len(points) < 2:
        yield list(points)
        return
    pattern = dash if len(dash) % 2 == 0 else dash * 2
    place, left, piece = 0, pattern[0], [points[0]]
    for start, end in itertools.pairwise(points):
        gone, length = 0.0, math.dist(start, end)
        while length - gone > left:
            gone += left
            corner = _between(start, end, gone / length)
            if place % 2 == 0:
                yield [*piece, corner]
            place, piece = (place + 1) % len(pattern), [corner]
            left = pattern[place]
        left -= length - gone
        piece.append(end)
    if place % 2 == 0 and len(piece) > 1:
        yield piece


def _between(start: Point, end: Point, share: float) -> Point:
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share
