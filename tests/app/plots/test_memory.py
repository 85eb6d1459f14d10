"""The memory plot for every form of memory: matrices of heads, sums by channel, a window of keys, none at all."""

from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.messages import OpenedModel
from app.plots.canvas import Canvas
from app.plots.colours import NOTHING, Scale
from app.plots.memory import Memory
from app.plots.memory_pages import CurvePage, Mosaic, tiles
from app.plots.parts import Choice, Legend
from rwkv_backend.records import FrameSpec, Labelled
from tests.app.plots.made import (
    CHANNELS,
    DENOMINATOR,
    EXPONENT,
    HEADS,
    KEYS,
    MATRIX,
    NUMERATOR,
    SIZE,
    array,
    click,
    counting,
    frame,
    note,
    opened,
    place,
    point_at,
    show,
    status,
)

SUMS = (
    Labelled("att.numerator", ("channel",), array(np.linspace(-3, 3, CHANNELS))),
    Labelled("att.denominator", ("channel",), array(np.linspace(100, 200, CHANNELS))),
    Labelled("att.max_exponent", ("channel",), array(np.full(CHANNELS, -1e38))),
)


def matrices(axes: tuple[str, ...] = MATRIX.axes) -> Labelled:
    return Labelled("att.wkv", axes, array(counting(HEADS, SIZE, SIZE)))


def window(positions: int) -> tuple[Labelled, ...]:
    """Version 1: keys and key_values by position, and a denominator."""
    return (
        Labelled("att.keys", ("position", "channel"), array(np.ones((positions, CHANNELS)))),
        Labelled("att.key_values", ("position", "channel"), array(-counting(positions, CHANNELS))),
        Labelled("att.denominator", ("channel",), array(np.ones(CHANNELS))),
    )


def shown(qtbot: QtBot, model: OpenedModel | None = None) -> Memory:
    plot = Memory()
    show(qtbot, plot, model or opened())
    return plot


def give(plot: Memory, *memory: Labelled) -> None:
    plot.show_frame(frame(plot.wants(FrameSpec()), memory=memory))


def canvas(plot: Memory) -> Canvas:
    found = plot.findChild(Canvas, "memory_canvas")
    assert found is not None
    return found


def curves(plot: Memory) -> CurvePage:
    found = plot.findChild(CurvePage)
    assert found is not None
    return found


def mosaic(plot: Memory) -> Mosaic:
    found = plot.findChild(Mosaic, "memory_mosaic")
    assert found is not None
    return found


def choice(plot: Memory, what: str = "field") -> Choice:
    found = plot.findChild(Choice, f"memory_{what}")
    assert found is not None
    return found


def test_the_picked_heads_matrix_is_shown_and_the_pick_changes_it(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    give(plot, matrices())
    assert plot.rows()[0][:2] == ["key", "value 0"]
    assert plot.rows()[1] == [0, *range(SIZE)]
    plot.show_pick(0, 2)
    assert plot.rows()[1] == [0, *range(2 * SIZE * SIZE, 2 * SIZE * SIZE + SIZE)]
    point_at(canvas(plot), 3, 1)
    assert status(plot) == f"head 2, key 1, value 3: {2 * SIZE * SIZE + SIZE + 3}"


def test_rows_are_what_the_first_axis_after_the_head_says(qtbot: QtBot) -> None:
    """Version 7 keeps its matrix as (head, value, key)."""
    plot = shown(qtbot)
    give(plot, matrices(("head", "value", "key")))
    assert plot.rows()[0][:2] == ["value", "key 0"]
    point_at(canvas(plot), 3, 1)
    assert status(plot) == f"head 0, value 1, key 3: {SIZE + 3}"


def test_the_first_row_is_at_the_top(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    give(plot, matrices())
    view = canvas(plot).view
    top = view.mapViewToScene(view.viewRect().center()).y()
    assert view.mapFromView(view.viewRect().topLeft()).y() < view.mapFromView(view.viewRect().bottomLeft()).y()
    assert top > 0


def test_a_click_in_the_mosaic_picks_a_head(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    give(plot, matrices())
    tile = mosaic(plot)
    columns = round(tile.seen().width())
    for head in (2, 1):
        with qtbot.waitSignal(plot.picked) as picked:
            click(qtbot, tile, head % columns + 0.5, head // columns + 0.5)
        assert picked.args == [0, head]
    assert plot.head == 1


def test_the_mosaic_is_read_like_a_page(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    give(plot, Labelled("att.wkv", MATRIX.axes, counting(16, SIZE, SIZE)))
    tile = mosaic(plot)
    assert tile.seen().height() > 1
    assert place(tile, 0.5, 0.5).y() < place(tile, 0.5, 1.5).y()


def test_a_click_beyond_the_last_head_picks_none(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    model = np.zeros((5, SIZE, SIZE))
    give(plot, Labelled("att.wkv", MATRIX.axes, array(model)))
    tile = mosaic(plot)
    columns, rows = round(tile.seen().width()), round(tile.seen().height())
    assert columns * rows > 5, "or there is no place beyond the last head"
    with qtbot.assertNotEmitted(plot.picked):
        click(qtbot, tile, columns - 0.5, rows - 0.5)


@pytest.mark.parametrize(("heads", "size", "pixels"), [(5, 8, 100), (5, 8, 3), (7, 6, 2), (1, 1, 50), (4, 64, 20)])
def test_every_head_has_its_own_tile(heads: int, size: int, pixels: int) -> None:
    values = array(np.arange(1, heads + 1)[:, None, None] * np.ones((heads, size, size)))
    scale = Scale(signed=True)
    scale.fixed = 100.0
    picture = tiles(values, 3, 3, pixels, scale)
    high = picture.shape[0] // 3
    for head in range(9):
        row, column = divmod(head, 3)
        tile = picture[row * high : (row + 1) * high, column * high : (column + 1) * high]
        assert (tile[-1] == NOTHING).all()
        assert (tile[:, -1] == NOTHING).all()
        inside = set(tile[:-1, :-1].ravel().tolist())
        assert inside == ({scale.shades(array([head + 1.0]))[0]} if head < heads else {NOTHING})


def test_each_heads_scale_holds_still(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    entry = matrices()
    give(plot, entry)
    tops = [plot._scale(entry).top]
    give(plot, Labelled("att.wkv", MATRIX.axes, array(entry.values / 10)))
    tops.append(plot._scale(entry).top)
    plot.show_pick(0, 1)
    tops.append(plot._scale(entry).top)
    plot.show_pick(0, 0)
    tops.append(plot._scale(entry).top)
    assert tops[0] == tops[1] == tops[3] == 80.0
    assert tops[2] == 15.0


def test_sums_by_channel_are_curves_apart_or_together(qtbot: QtBot) -> None:
    plot = shown(qtbot, opened(NUMERATOR, DENOMINATOR, EXPONENT, heads=None))
    give(plot, *SUMS)
    assert curves(plot).isVisible()
    assert not canvas(plot).isVisible()
    names, *rows = plot.rows()
    assert names == ["channel", "att.numerator", "att.denominator", "att.max_exponent"]
    assert rows[0][:3] == pytest.approx([0, -3, 100])
    apart = plot.grab().toImage()
    choice(plot, "lanes").setCurrentIndex(1)
    assert plot.grab().toImage() != apart
    legend = plot.findChild(Legend, "memory_legend")
    assert legend is not None
    assert "largest&nbsp;200" in legend.text()


def test_pointing_at_a_channel_tells_all_its_sums(qtbot: QtBot) -> None:
    plot = shown(qtbot, opened(NUMERATOR, DENOMINATOR, heads=None))
    give(plot, *SUMS[:2])
    point_at(curves(plot).canvas, 0, 0.3)
    assert status(plot) == "channel 0: att.numerator −3, att.denominator 100"


def test_version_1_shows_the_window_of_past_keys_and_can_show_the_rest(qtbot: QtBot) -> None:
    plot = shown(qtbot, opened(KEYS, max_tokens=100))
    give(plot, *window(5))
    assert canvas(plot).isVisible()
    assert not mosaic(plot).isVisible()
    assert plot.rows()[0][:2] == ["position", "channel 0"]
    assert len(plot.rows()) == 6
    offered = choice(plot)
    assert offered.isVisible()
    assert [offered.itemData(place) for place in range(offered.count())] == ["att.keys", "att.key_values", ""]
    offered.setCurrentIndex(1)
    point_at(canvas(plot), 2, 3)
    assert status(plot) == f"position 3, channel 2: −{3 * CHANNELS + 2}"
    offered.setCurrentIndex(2)
    assert plot.rows()[0] == ["channel", "att.denominator"]


def test_the_window_leaves_room_that_grows_in_leaps_up_to_the_context(qtbot: QtBot) -> None:
    plot = shown(qtbot, opened(KEYS, max_tokens=100))
    tops = []
    for positions in (1, 30, 33, 64, 65, 100):
        give(plot, *window(positions))
        tops.append(canvas(plot).seen().bottom())
    assert tops == pytest.approx([31.5, 31.5, 63.5, 63.5, 99.5, 99.5])


def test_an_empty_window_is_drawn_as_nothing(qtbot: QtBot) -> None:
    plot = shown(qtbot, opened(KEYS, max_tokens=100))
    give(plot, *window(3))
    give(plot, *window(0))
    assert len(plot.rows()) == 1
    point_at(canvas(plot), 2, 1)
    assert status(plot) == "layer 0, att.keys"


def test_a_map_with_other_axes_is_drawn_too(qtbot: QtBot) -> None:
    """The tiny attention of 4a keeps features × channels."""
    plot = shown(qtbot, opened(NUMERATOR, heads=None))
    give(plot, *SUMS[:2], Labelled("tiny.memory", ("feature", "channel"), counting(4, CHANNELS)))
    assert plot.rows()[0][:2] == ["feature", "channel 0"]


def test_a_layer_without_memory_is_said_and_the_next_one_is_drawn(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    give(plot)
    assert note(plot) == "Layer 0 keeps no memory of earlier tokens."
    plot.show_pick(1, 0)
    assert note(plot) == ""
    give(plot, matrices())
    assert note(plot) == ""
    assert len(plot.rows()) == SIZE + 1


def test_a_frame_of_another_layer_is_ignored(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    late = plot.wants(FrameSpec())
    plot.show_pick(1, 0)
    plot.show_frame(frame(late, memory=(matrices(),)))
    assert plot.rows() == []


def test_the_chosen_field_stays_chosen_from_layer_to_layer(qtbot: QtBot) -> None:
    plot = shown(qtbot, opened(KEYS, max_tokens=100))
    give(plot, *window(5))
    choice(plot).setCurrentIndex(1)
    plot.show_pick(2, 0)
    give(plot, *window(6))
    assert choice(plot).currentData() == "att.key_values"


def test_a_model_with_fewer_heads_than_the_picked_one_shows_its_last(qtbot: QtBot) -> None:
    plot = shown(qtbot)
    plot.show_pick(0, 99)
    give(plot, matrices())
    assert plot.describe() == f"layer 0, head {HEADS - 1}, att.wkv"
