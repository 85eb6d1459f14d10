"""The sampling panel alone: its controls come from the settings themselves, and what it shows is what it gives."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, replace
from typing import TypeVar

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSlider,
    QSpinBox,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app import theme
from app.messages import OpenedModel
from app.views import sampling_panel
from app.views.sampling_field import Field
from app.views.sampling_panel import SamplingPanel
from app.views.stop_texts import parse_stops, spell_stops
from rwkv_backend import sampling
from rwkv_backend.presets import PRESETS, Preset, presets_for
from rwkv_backend.sampling import SamplingParams
from tests.app.views.cards import CARD, opened

Key, Button = Qt.Key, Qt.MouseButton

W = TypeVar("W", bound=QWidget)


def model(version: str = "6.0", kind: str = "world", demo: bool = False, vocabulary: int = 65536) -> OpenedModel:
    info = replace(CARD.info, version=version, vocab_size=vocabulary)
    return opened(replace(CARD, info=info, tokenizer_kind=kind, demo=demo))


@pytest.fixture
def panel(qtbot: QtBot) -> SamplingPanel:
    """A panel of 250 pixels in a window that has the focus, with a World model."""
    made = SamplingPanel()
    qtbot.addWidget(made)
    made.resize(250, 700)
    made.show_model(model())
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    return made


def find(panel: SamplingPanel, kind: type[W], name: str) -> W:
    found = panel.findChild(kind, f"sampling_{name}")
    assert isinstance(found, kind), name
    return found


def retype(widget: QWidget, text: str) -> None:
    """Type a text over what stands there, and leave the field."""
    widget.setFocus()
    QTest.keyClick(widget, Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(widget, Key.Key_Delete)
    QTest.keyClicks(widget, text)
    QTest.keyClick(widget, Key.Key_Tab)


def preset(name: str) -> Preset:
    return next(preset for preset in PRESETS if preset.name == name)


def chosen(panel: SamplingPanel) -> str:
    return find(panel, QComboBox, "preset").currentText()


def pick(panel: SamplingPanel, name: str) -> None:
    """Choose a preset with the keyboard."""
    combo = find(panel, QComboBox, "preset")
    combo.setFocus()
    QTest.keyClick(combo, Key.Key_Home)
    for _ in range(combo.findData(name)):
        QTest.keyClick(combo, Key.Key_Down)
    assert combo.currentData() == name


# Every setting has its control


def test_each_setting_has_a_named_control_that_explains_itself(panel: SamplingPanel) -> None:
    for control in sampling.controls():
        widget = panel.findChild(QWidget, f"sampling_{control.name}")
        if control.name == "exempt":
            assert widget is None
            continue
        assert widget is not None, control.name
        assert control.help[:20] in widget.toolTip()
        assert widget.accessibleName() == control.label
        assert any(label.text() == control.label for label in panel.findChildren(QLabel))


def test_names_are_unique_and_everything_is_named(panel: SamplingPanel) -> None:
    kinds = (QDoubleSpinBox, QSpinBox, QSlider, QComboBox, QCheckBox, QPushButton, QToolButton)
    widgets = [widget for kind in kinds for widget in panel.findChildren(kind)]
    ours = [widget for widget in widgets if widget.objectName() != "ScrollLeftButton"]
    names = [widget.objectName() for widget in ours]
    assert all(names)
    assert len(set(names)) == len(names)
    assert all(widget.accessibleName() for widget in ours)


def test_ranges_steps_and_units_are_those_of_the_settings(panel: SamplingPanel) -> None:
    for control in sampling.controls():
        if control.kind not in ("number", "integer", "seed"):
            continue
        spin = panel.findChild(QDoubleSpinBox if control.kind == "number" else QSpinBox, f"sampling_{control.name}")
        assert isinstance(spin, (QDoubleSpinBox, QSpinBox))
        assert (spin.minimum(), spin.maximum(), spin.singleStep()) == (control.min, control.max, control.step)
        assert spin.suffix() == (f" {control.unit}" if control.unit else "")


def test_a_new_setting_gets_a_control_by_itself(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass(frozen=True)
    class Wider(SamplingParams):
        typical: float = field(
            default=0.5,
            metadata={"label": "Typical", "help": "New.", "kind": "number", "min": 0.0, "max": 2.0, "step": 0.25},
        )
        kept: int = field(
            default=3, metadata={"label": "Kept", "help": "New too.", "kind": "integer", "min": 1, "max": 9, "step": 1}
        )

    def controls() -> tuple[sampling.Control, ...]:
        entries = Wider.__dataclass_fields__.values()
        return tuple(sampling.Control(name=f.name, default=f.default, **f.metadata) for f in entries)

    monkeypatch.setattr(sampling, "controls", controls)
    monkeypatch.setattr(sampling, "SamplingParams", Wider)
    monkeypatch.setattr(sampling_panel, "presets_for", lambda *_: (Preset("New", "any", "a test", Wider()),))
    monkeypatch.setattr(SamplingParams, "__post_init__", lambda self: None)
    panel = SamplingPanel()
    qtbot.addWidget(panel)
    panel.show()
    retype(find(panel, QDoubleSpinBox, "typical"), "1.75")
    retype(find(panel, QSpinBox, "kept"), "7")
    assert panel.params() == Wider(typical=1.75, kept=7)
    assert find(panel, QSlider, "typical_slider").value() == 7


# Values


def test_the_panel_gives_back_every_preset_exactly(panel: SamplingPanel) -> None:
    for each in PRESETS:
        panel.set_params(each.params)
        assert panel.params() == each.params, each.name


def test_it_keeps_what_it_does_not_show(panel: SamplingPanel) -> None:
    params = SamplingParams(exempt=frozenset({33, 65}), seed=5, banned=(1, 2), order="common", top_k=40)
    panel.set_params(params)
    assert panel.params() == params


def test_typing_and_sliding_change_a_number_and_each_other(panel: SamplingPanel, qtbot: QtBot) -> None:
    spin, slider = find(panel, QDoubleSpinBox, "temperature"), find(panel, QSlider, "temperature_slider")
    with qtbot.waitSignal(panel.changed):
        retype(spin, "0.7")
    assert panel.params().temperature == 0.7
    assert slider.value() == 14
    slider.setFocus()
    with qtbot.waitSignal(panel.changed):
        QTest.keyClick(slider, Key.Key_Right)
    assert panel.params().temperature == 0.75
    assert spin.text() == "0.75"
    QTest.keyClick(slider, Key.Key_Home)
    assert panel.params().temperature == 0.0
    assert panel.params() == replace(preset("World chat").params, temperature=0.0)


def test_an_exact_value_between_two_steps_of_the_slider_stays(panel: SamplingPanel) -> None:
    retype(find(panel, QDoubleSpinBox, "top_p"), "0.123")
    assert panel.params().top_p == 0.123
    assert find(panel, QDoubleSpinBox, "top_p").text() == "0.123"


def test_the_decay_is_spelled_as_a_half_life_too(panel: SamplingPanel) -> None:
    decay, life = find(panel, QDoubleSpinBox, "penalty_decay"), find(panel, QDoubleSpinBox, "penalty_decay_half_life")
    retype(decay, "0.996")
    assert life.text() == "172.9 tokens"
    retype(life, "200")
    assert panel.params() == preset("World chat").params.with_half_life(200)
    assert panel.params().penalty_half_life == pytest.approx(200)
    assert life.text() == "200 tokens"
    assert decay.value() == pytest.approx(0.99654, abs=1e-5)
    retype(life, "20.5")
    assert life.text() == "20.5 tokens"
    assert panel.params().penalty_half_life == pytest.approx(20.5)
    panel.set_params(preset("rwkv.cpp chat").params)
    assert life.text() == "never"
    panel.set_params(preset("Ai00 nucleus").params)
    assert life.text() == "200 tokens"
    retype(decay, "1")
    assert life.text() == "never"
    retype(decay, "0")
    assert life.text() == "0 tokens"
    life.setFocus()
    QTest.keyClick(life, Key.Key_Down)
    assert life.text() == "never"
    assert math.isinf(panel.params().penalty_half_life)
    slider = find(panel, QSlider, "penalty_decay_slider")
    slider.setFocus()
    QTest.keyClick(slider, Key.Key_Left)
    assert panel.params().penalty_decay == 0.999
    assert life.text() == "692.8 tokens"


def test_integers_and_choices(panel: SamplingPanel) -> None:
    retype(find(panel, QSpinBox, "top_k"), "65536")
    QTest.mouseClick(find(panel, QToolButton, "advanced"), Button.LeftButton)
    order = find(panel, QComboBox, "order")
    order.setFocus()
    QTest.keyClick(order, Key.Key_Down)
    assert (panel.params().top_k, panel.params().order) == (65536, "common")


def test_the_seed_is_new_each_time_or_a_number_or_the_last_one(panel: SamplingPanel, qtbot: QtBot) -> None:
    random, spin, again = (
        find(panel, QCheckBox, "seed_random"),
        find(panel, QSpinBox, "seed"),
        find(panel, QPushButton, "seed_again"),
    )
    assert panel.params().seed is None
    assert not spin.isEnabled()
    assert not again.isEnabled()
    QTest.mouseClick(random, Button.LeftButton, pos=QPoint(8, random.height() // 2))
    retype(spin, "42")
    assert panel.params().seed == 42
    panel.show_seed(2**31 - 1)
    assert panel.params().seed == 42
    with qtbot.waitSignal(panel.changed):
        QTest.mouseClick(again, Button.LeftButton)
    assert panel.params().seed == 2**31 - 1
    random.setFocus()
    QTest.keyClick(random, Key.Key_Space)
    assert panel.params().seed is None
    QTest.mouseClick(again, Button.LeftButton)
    assert (panel.params().seed, random.isChecked(), spin.isEnabled()) == (2**31 - 1, False, True)


def test_banned_tokens_are_checked_while_they_are_typed(panel: SamplingPanel, qtbot: QtBot) -> None:
    QTest.mouseClick(find(panel, QToolButton, "advanced"), Button.LeftButton)
    line, complaint = find(panel, QLineEdit, "banned"), find(panel, QLabel, "banned_complaint")
    with qtbot.waitSignal(panel.changed):
        retype(line, "0, 261")
    assert panel.params().banned == (0, 261)
    assert not complaint.isVisible()
    for wrong in ("0, 261, x", "-4", "1.5", "99999999999999999999"):
        retype(line, wrong)
        assert complaint.isVisible(), wrong
    retype(line, "65536")
    assert "end at 65,535" in complaint.text()
    retype(line, "65535")
    assert panel.params().banned == (65535,)
    panel.show_model(model(vocabulary=1000))
    assert complaint.isVisible()
    assert panel.params().banned == ()
    retype(line, "")
    assert not complaint.isVisible()


def test_the_advanced_part_is_folded_away_until_asked_for(panel: SamplingPanel) -> None:
    line, fold = find(panel, QLineEdit, "banned"), find(panel, QToolButton, "advanced")
    assert not line.isVisible()
    fold.setFocus()
    QTest.keyClick(fold, Key.Key_Space)
    assert line.isVisible()
    QTest.keyClick(fold, Key.Key_Space)
    assert not line.isVisible()


# Presets


def test_a_model_gets_the_first_preset_of_its_family(panel: SamplingPanel) -> None:
    for made, name in ((model(), "World chat"), (model("4.0", "hf"), "RWKV-LM Pile"), (model(demo=True), "Demo chat")):
        panel.show_model(made)
        assert chosen(panel) == name
        assert panel.params() == preset(name).params
    offered = [find(panel, QComboBox, "preset").itemData(at) for at in range(find(panel, QComboBox, "preset").count())]
    assert offered == [each.name for each in presets_for("6.0", "world", True)]


def test_a_preset_tells_its_source_and_what_to_know(panel: SamplingPanel) -> None:
    panel.show_model(model("4.0", "hf"))
    pick(panel, "MIDI")
    assert "ChatRWKV / music/run.py" in find(panel, QComboBox, "preset").toolTip()
    assert "token 127" in find(panel, QComboBox, "preset").toolTip()


def test_an_edited_preset_is_marked_until_it_is_reset(panel: SamplingPanel, qtbot: QtBot) -> None:
    reset, spin = find(panel, QPushButton, "reset"), find(panel, QDoubleSpinBox, "temperature")
    assert not reset.isEnabled()
    retype(spin, "0.7")
    assert chosen(panel) == "World chat (changed)"
    retype(spin, "1")
    assert chosen(panel) == "World chat"
    assert not reset.isEnabled()
    retype(spin, "0.7")
    with qtbot.waitSignal(panel.changed):
        QTest.mouseClick(reset, Button.LeftButton)
    assert chosen(panel) == "World chat"
    assert panel.params() == preset("World chat").params


def test_the_same_preset_picked_again_undoes_the_changes(panel: SamplingPanel) -> None:
    retype(find(panel, QDoubleSpinBox, "temperature"), "0.7")
    combo = find(panel, QComboBox, "preset")
    combo.activated.emit(combo.currentIndex())  # a list that opens needs a real screen
    assert panel.params() == preset("World chat").params
    assert chosen(panel) == "World chat"


def test_a_preset_leaves_seed_and_banned_tokens_alone_and_reset_does_not(panel: SamplingPanel) -> None:
    panel.set_params(replace(panel.params(), seed=5, banned=(3,), exempt=frozenset({9})))
    assert chosen(panel) == "World chat"
    pick(panel, "rwkv.cn creative")
    expected = replace(preset("rwkv.cn creative").params, seed=5, banned=(3,), exempt=frozenset({9}))
    assert panel.params() == expected
    QTest.mouseClick(find(panel, QPushButton, "reset"), Button.LeftButton)
    assert panel.params() == preset("rwkv.cn creative").params


def test_what_the_user_has_changed_outlives_another_model(panel: SamplingPanel) -> None:
    retype(find(panel, QDoubleSpinBox, "temperature"), "0.7")
    panel.show_model(model("4.0", "hf"))
    assert chosen(panel) == "RWKV-LM Pile (changed)"
    assert panel.params().temperature == 0.7
    QTest.mouseClick(find(panel, QPushButton, "reset"), Button.LeftButton)
    panel.show_model(model())
    assert panel.params() == preset("World chat").params


def test_a_picked_preset_comes_back_where_a_model_has_it(panel: SamplingPanel) -> None:
    pick(panel, "rwkv.cpp chat")
    panel.show_model(model("4.0", "hf"))
    assert panel.params() == preset("rwkv.cpp chat").params
    pick(panel, "Raven chat")
    panel.show_model(model())
    assert panel.params() == preset("World chat").params
    panel.show_model(model("4.0", "hf"))
    assert panel.params() == preset("Raven chat").params


# When to stop


def test_the_length_is_typed(panel: SamplingPanel, qtbot: QtBot) -> None:
    assert panel.max_tokens() == 400
    with qtbot.waitSignal(panel.changed):
        retype(find(panel, QSpinBox, "max_tokens"), "100000")
    assert panel.max_tokens() == 100_000
    retype(find(panel, QSpinBox, "max_tokens"), "0")
    assert panel.max_tokens() >= 1


def test_stop_texts_are_typed_with_commas_and_escapes(panel: SamplingPanel, qtbot: QtBot) -> None:
    assert panel.stops() == ()
    with qtbot.waitSignal(panel.changed):
        retype(find(panel, QLineEdit, "stops"), r"\n\nUser:, END , a\,b, ,\\n\t")
    assert panel.stops() == ("\n\nUser:", "END", "a,b", "\\n\t")


@pytest.mark.parametrize("text", ["", ",", " , ,", "\\", "a\\", "\\q", "，"])
def test_odd_stop_texts_do_no_harm(text: str) -> None:
    stops = parse_stops(text)
    assert all(stops)
    assert parse_stops(spell_stops(stops)) == stops


def test_the_stop_texts_of_the_template_are_shown_where_the_user_has_none(panel: SamplingPanel) -> None:
    line = find(panel, QLineEdit, "stops")
    panel.show_template("G1 chat")
    assert line.placeholderText() == r"\n\nUser:"
    panel.show_template("Raven question")
    assert line.placeholderText() == r"\n\n, \nQ:"
    panel.show_template("")
    assert line.placeholderText() == "none"
    assert panel.stops() == ()


# Settings that are kept


def test_what_was_set_comes_back_after_a_restart(panel: SamplingPanel, qtbot: QtBot) -> None:
    pick(panel, "Ai00 nucleus")
    retype(find(panel, QDoubleSpinBox, "top_p"), "0.61")
    panel.set_params(replace(panel.params(), seed=8, banned=(7, 3), order="common"))
    retype(find(panel, QSpinBox, "max_tokens"), "77")
    retype(find(panel, QLineEdit, "stops"), r"\n, END")
    state = json.loads(json.dumps(panel.state()))
    other = SamplingPanel()
    qtbot.addWidget(other)
    other.restore(state)
    other.show_model(model())
    assert replace(other.params(), banned=()) == replace(panel.params(), banned=())
    assert set(other.params().banned) == {3, 7}
    assert (other.max_tokens(), other.stops(), chosen(other)) == (77, ("\n", "END"), "Ai00 nucleus (changed)")


def test_a_default_that_was_kept_still_gives_way_to_that_of_another_family(qtbot: QtBot, panel: SamplingPanel) -> None:
    other = SamplingPanel()
    qtbot.addWidget(other)
    other.restore(json.loads(json.dumps(panel.state())))
    other.show_model(model(demo=True))
    assert other.params() == preset("Demo chat").params


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"params": 5, "max_tokens": "x", "stops": 3, "preset": 4},
        {"params": {"temperature": 99, "top_p": "x", "order": "none", "banned": 5, "seed": -1, "gone": 1}},
        {"params": {"temperature": None, "banned": ["x"], "order": []}, "max_tokens": 0},
        {"max_tokens": 10**9, "preset": "no such preset"},
    ],
)
def test_a_damaged_settings_file_changes_nothing(panel: SamplingPanel, state: dict[str, object]) -> None:
    before = panel.params(), panel.max_tokens(), panel.stops()
    panel.restore(state)
    assert (panel.params(), panel.max_tokens(), panel.stops()) == before


# At hand


def turn_wheel(widget: QWidget) -> None:
    window = widget.window()
    place = widget.mapTo(window, widget.rect().center())
    QTest.wheelEvent(window.windowHandle(), QPointF(place), QPoint(0, -120))


def test_the_wheel_scrolls_the_panel_and_changes_only_what_has_the_focus(panel: SamplingPanel, qtbot: QtBot) -> None:
    panel.resize(250, 300)
    qtbot.waitUntil(panel.verticalScrollBar().isVisible)
    spin = find(panel, QDoubleSpinBox, "temperature")
    find(panel, QSpinBox, "max_tokens").setFocus()
    turn_wheel(spin)
    assert panel.params() == preset("World chat").params
    assert panel.verticalScrollBar().value() > 0
    spin.setFocus()
    turn_wheel(spin)
    assert panel.params().temperature == 0.95


def test_nothing_is_cut_off_in_a_panel_of_250_pixels(panel: SamplingPanel, qtbot: QtBot) -> None:
    QTest.mouseClick(find(panel, QToolButton, "advanced"), Button.LeftButton)
    panel.show_seed(2**31 - 1)
    assert panel.minimumSizeHint().width() <= 250
    panel.resize(250, 400)
    qtbot.waitUntil(panel.verticalScrollBar().isVisible)
    inside = panel.widget()
    assert inside is not None
    assert inside.width() <= panel.viewport().width()
    for widget in inside.findChildren(QWidget):
        if widget.isVisible() and isinstance(widget.parentWidget(), (Field, type(inside))):
            assert widget.width() >= widget.minimumSizeHint().width(), widget.objectName()


def test_the_keyboard_reaches_every_control(panel: SamplingPanel) -> None:
    QTest.mouseClick(find(panel, QToolButton, "advanced"), Button.LeftButton)
    panel.show_seed(1)
    panel.set_params(replace(panel.params(), seed=4))
    find(panel, QComboBox, "preset").setFocus()
    reached = set()
    for _ in range(60):
        focused = QGuiApplication.focusObject()
        assert isinstance(focused, QWidget)
        reached.add(focused.objectName())
        QTest.keyClick(focused, Key.Key_Tab)
    every = {control.name for control in sampling.controls()} - {"exempt"}
    assert reached >= {f"sampling_{name}" for name in every | {"max_tokens", "stops", "seed_random", "seed_again"}}


def test_it_is_a_scroll_area_that_follows_the_theme(panel: SamplingPanel) -> None:
    assert isinstance(panel, QScrollArea)
    fold = find(panel, QToolButton, "advanced")
    try:
        before = fold.icon().pixmap(18).toImage()
        theme.apply("dark")
        assert fold.icon().pixmap(18).toImage() != before
    finally:
        theme.apply("light")
