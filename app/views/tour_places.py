"""Where the tour's card goes: beside what it speaks of, else into the corner farthest from it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRect, QSize

MARGIN = 24
"""Pixels between the card and the window's edge."""

GAP = 14
"""Pixels between the card and what it must not cover; the frame around the target lies between them."""


def best_place(size: QSize, window: QRect, target: QRect | None, clear: Sequence[QRect] = ()) -> QPoint:
    """The nearest place that covers neither the target nor what is to be kept clear.

    Where there is none, the corner that hides the least of them, and of such corners the farthest from the target.
    """
    corners = _corners(size, window)
    if target is None:
        return min(corners, key=lambda corner: _covered(QRect(corner, size), clear))
    rooms = (target, *clear)
    free = [place for place in _beside(size, window, rooms) if not _covered(QRect(place, size), rooms)]
    if free:
        return min(free, key=lambda place: _distance(QRect(place, size), target))
    return min(
        corners, key=lambda corner: (_covered(QRect(corner, size), rooms), -_distance(QRect(corner, size), target))
    )


def inside(card: QRect, window: QRect) -> QPoint:
    """The nearest place in the window."""
    left = max(window.left(), min(card.left(), window.right() - card.width()))
    top = max(window.top(), min(card.top(), window.bottom() - card.height()))
    return QPoint(left, top)


def _corners(size: QSize, window: QRect) -> list[QPoint]:
    right, bottom = window.width() - size.width() - MARGIN, window.height() - size.height() - 2 * MARGIN
    return [QPoint(MARGIN, bottom), QPoint(right, bottom), QPoint(MARGIN, 3 * MARGIN), QPoint(right, 3 * MARGIN)]


def _beside(size: QSize, window: QRect, rooms: Sequence[QRect]) -> list[QPoint]:
    """Places at the sides of each of the rooms, at either end of a side or in its middle, and in the corners."""
    lefts, tops = {MARGIN, window.width() - size.width() - MARGIN}, {3 * MARGIN}
    for room in rooms:
        lefts |= {room.left() - size.width() - GAP, room.right() + GAP}
        lefts |= {room.left(), room.center().x() - size.width() // 2, room.right() - size.width()}
        tops |= {room.top() - size.height() - GAP, room.bottom() + GAP}
        tops |= {room.top(), room.center().y() - size.height() // 2, room.bottom() - size.height()}
    allowed = window.adjusted(GAP, GAP, -GAP, -GAP)
    places = [QPoint(left, top) for left in sorted(lefts) for top in sorted(tops)]
    return [place for place in places if allowed.contains(QRect(place, size))] + _corners(size, window)


def _covered(card: QRect, rooms: Sequence[QRect]) -> int:
    """Pixels of the rooms that would be hidden."""
    hidden = [card.intersected(room.adjusted(-GAP // 2, -GAP // 2, GAP // 2, GAP // 2)) for room in rooms]
    return sum(room.width() * room.height() for room in hidden if room.isValid())


def _distance(card: QRect, target: QRect) -> int:
    """Between their edges, and a little between their middles: of places as near the one level with the target."""
    across = max(target.left() - card.right(), card.left() - target.right(), 0)
    down = max(target.top() - card.bottom(), card.top() - target.bottom(), 0)
    return 10 * (across + down) + (card.center() - target.center()).manhattanLength()
