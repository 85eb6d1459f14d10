"""Made-up models and frames in every form that a version gives them, and a mouse that clicks on places of a plot."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from app.messages import Card, FieldLayers, OpenedModel
from app.plots.canvas import Canvas
from app.plots.panel import PlotPanel
from app.plots.parts import OneLine
from rwkv_backend.records import Candidate, FloatArray, Frame, FrameSpec, Labelled, ModelInfo, StateField

LAYERS, HEADS, SIZE = 4, 3, 8
CHANNELS = HEADS * SIZE

LAST_INPUT = StateField("att.last_input", ("channel",), "last input of the time mix")
MATRIX = StateField("att.wkv", ("head", "key", "value"), "what each key recalls")
NUMERATOR = StateField("att.numerator", ("channel",), "fading sum of e^k·v")
DENOMINATOR = StateField("att.denominator", ("channel",), "fading sum of e^k")
EXPONENT = StateField("att.max_exponent", ("channel",), "scale of both")
KEYS = StateField("att.keys", ("position", "channel"), "e^k of each token read")


def opened(
    *fields: StateField,
    missing_in: tuple[int, ...] = (),
    heads: int | None = HEADS,
    by_token: bool = False,
    max_tokens: int | None = None,
    layers: int = LAYERS,
) -> OpenedModel:
    """A model with these fields in all layers but `missing_in`."""
    info = ModelInfo(
        path="/models/tales.pth",
        file_format="torch zip",
        version="6.0",
        variant="6.0",
        n_layer=layers,
        n_embd=CHANNELS,
        n_head=heads,
        head_size=SIZE if heads else None,
        n_att=CHANNELS,
        n_ffn=4 * CHANNELS,
        vocab_size=256,
        ctx_len=max_tokens,
        dtype="float32",
        n_params=1,
        file_bytes=1,
        evidence=(),
    )
    card = Card(info, "World", "world", (), "", (), 0)
    having = tuple(layer for layer in range(layers) if layer not in missing_in)
    held = tuple(FieldLayers(field, having) for field in fields or (LAST_INPUT, MATRIX))
    return OpenedModel(card, "cpu", "float32", 0.1, 1, max_tokens, held, by_token)


def array(values: Any) -> FloatArray:
    result = np.array(values, dtype=np.float32)
    result.flags.writeable = False
    return result


def counting(*shape: int) -> FloatArray:
    """0, 1, 2 … in this shape: every number says where it belongs."""
    return array(np.arange(np.prod(shape)).reshape(shape))


def frame(spec: FrameSpec, tokens_seen: int = 1, **parts: Any) -> Frame:
    return Frame(spec, tokens_seen, parts.pop("token_text", " once"), **parts)


def full_frame(spec: FrameSpec, tokens_seen: int = 1) -> Frame:
    """What a model of version 5 or 6 gives to whoever asks for everything."""
    return frame(
        spec,
        tokens_seen,
        state_map=Labelled("att.wkv", ("layer", "head and key"), counting(LAYERS, CHANNELS)),
        decay=Labelled(
            "fraction kept", ("head", "channel"), array(np.linspace(0.5, 0.99, CHANNELS).reshape(HEADS, SIZE))
        ),
        half_lives=Labelled(
            "half-life", ("layer", "channel"), array(np.tile(np.geomspace(5e3, 0.5, CHANNELS), (LAYERS, 1)))
        ),
        memory=(Labelled("att.wkv", MATRIX.axes, array(counting(HEADS, SIZE, SIZE) - 50)),),
        activity=Labelled("relative change", ("layer",), array(np.linspace(0.05, 0.8, LAYERS))),
        candidates=candidates(0.6, 0.3, 0.1),
    )


def candidates(*before: float) -> tuple[Candidate, ...]:
    return tuple(Candidate(token, f" word{token}", p, p if token < 2 else 0.0) for token, p in enumerate(before))


def show(
    qtbot: QtBot, plot: PlotPanel, opened_model: OpenedModel | None = None, width: int = 420, height: int = 260
) -> None:
    """On the screen and laid out, so that it can be clicked on."""

    def is_kept(widget: object) -> None:
        """pytest-qt holds widgets weakly, and one that is collected while it is painted brings down the process."""
        assert widget is plot

    qtbot.addWidget(plot, before_close_func=is_kept)
    plot.resize(width, height)
    plot.show_model(opened_model)
    with qtbot.waitExposed(plot):
        plot.show()


def place(canvas: Canvas, x: float, y: float) -> QPoint:
    """The pixel of a canvas that shows this point of its plane."""
    canvas.window().grab()  # lays out what the last frame has changed
    return QPoint(canvas.mapFromScene(canvas.view.mapViewToScene(QPointF(x, y))))


def click(qtbot: QtBot, canvas: Canvas, x: float, y: float) -> None:
    QTest.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=place(canvas, x, y))


def point_at(canvas: Canvas, x: float, y: float, held: Qt.MouseButton = Qt.MouseButton.NoButton) -> None:
    """Move the mouse there. (pytest-qt's own way moves the cursor, and nothing happens if it is there already.)"""
    spot = QPointF(place(canvas, x, y))
    away = canvas.viewport().mapToGlobal(spot)
    kind, none = QEvent.Type.MouseMove, Qt.MouseButton.NoButton
    move = QMouseEvent(kind, spot, away, none, held, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(canvas.viewport(), move)


def status(plot: PlotPanel) -> str:
    line = plot.findChild(OneLine, f"{plot.key}_status")
    assert line is not None
    return line.text()


def note(plot: PlotPanel) -> str:
    """The sentence that stands in place of the plot; "" if the plot is to be seen."""
    label = plot.findChild(QLabel, f"{plot.key}_note")
    assert label is not None
    return "" if label.isHidden() else label.text()
