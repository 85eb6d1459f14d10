"""Choosing a model and loading it, with made-up files: the panel only asks, and shows what it is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QObject, QPoint, QPointF, Qt, QUrl, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QFileDialog, QLabel, QPushButton, QTreeWidgetItem, QWidget
from pytestqt.qtbot import QtBot

from app.messages import Card, Engine
from app.views.model_panel import ModelPanel
from rwkv_backend.demo_models import DemoModel
from rwkv_backend.records import Progress
from tests.app.views.cards import CARD, ENGINE, card, opened

DEMOS = (
    DemoModel(Path("/demo/rwkv-v5-tales.pth"), "5.2", 1.293),
    DemoModel(Path("/demo/rwkv-v6-tales.pth"), "6.0", 1.284),
)
V5, V6 = (demo.path for demo in DEMOS)
FILE = Path("/models/RWKV-4-Pile-169M.pth")
GB = 1_000_000_000

# What the offscreen screen says of every dialog.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")


class Window(QObject):
    """Stands for whoever answers the panel: notes what it asks for."""

    def __init__(self, panel: ModelPanel) -> None:
        super().__init__()
        self.panel = panel
        self.inspected: list[Path] = []
        self.loads: list[tuple[Path, str, str, str]] = []
        self.cancels = 0
        panel.inspect_requested.connect(self.inspect)
        panel.load_requested.connect(self.load)
        panel.cancel_requested.connect(self.cancel)

    @Slot(object)
    def inspect(self, path: Path) -> None:
        self.inspected.append(path)

    @Slot(object, str, str, str)
    def load(self, path: Path, device: str, dtype: str, tokenizer: str) -> None:
        self.loads.append((path, device, dtype, tokenizer))
        self.panel.loading_began(path)

    @Slot()
    def cancel(self) -> None:
        self.cancels += 1


@pytest.fixture
def panel(qtbot: QtBot) -> ModelPanel:
    panel = ModelPanel(DEMOS)
    qtbot.addWidget(panel)
    panel.resize(250, 700)
    panel.grab()  # lays it out
    return panel


@pytest.fixture
def window(panel: ModelPanel) -> Window:
    return Window(panel)


@pytest.fixture
def ready(panel: ModelPanel, window: Window) -> Window:
    """The engine has started, and a file is chosen and known."""
    panel.show_engine(ENGINE)
    choose(panel, card(str(FILE)))
    return window


def choose(panel: ModelPanel, about: Card) -> None:
    panel.offer(Path(about.info.path))
    panel.show_card(about)


def message(panel: ModelPanel) -> str:
    return "" if panel.message.isHidden() else panel.message.toPlainText()


def row_of(panel: ModelPanel, words: str) -> QTreeWidgetItem:
    return next(item for item in rows(panel) if words in item.text(0))


def rows(panel: ModelPanel) -> list[QTreeWidgetItem]:
    found = [panel.models.topLevelItem(row) for row in range(panel.models.topLevelItemCount())]
    return [item for item in found if item is not None]


def texts_of(box: QComboBox) -> list[str]:
    return [box.itemText(row) for row in range(box.count())]


def click(panel: ModelPanel, words: str) -> None:
    QTest.mouseClick(panel.models.viewport(), Qt.MouseButton.LeftButton, pos=place_of(panel, words))


def double_click(panel: ModelPanel, words: str) -> None:
    click(panel, words)
    QTest.mouseDClick(panel.models.viewport(), Qt.MouseButton.LeftButton, pos=place_of(panel, words))


def place_of(panel: ModelPanel, words: str) -> QPoint:
    return panel.models.visualItemRect(row_of(panel, words)).center()


# What is at hand


def test_the_demo_models_are_listed_with_how_well_they_predict(panel: ModelPanel) -> None:
    assert [(item.text(0), item.text(1)) for item in rows(panel)] == [
        ("Demo models", "bits per byte"),
        ("RWKV-5.2 tales", "1.293"),
        ("RWKV-6.0 tales", "1.284"),
    ]


def test_recent_files_follow_newest_first_and_each_once(panel: ModelPanel) -> None:
    panel.set_recent([Path("/a.pth"), Path("/b.pth"), Path("/a.pth")])
    panel.add_recent(Path("/b.pth"))
    panel.add_recent(V6)
    assert panel.recent() == (Path("/b.pth"), Path("/a.pth"))
    assert [item.text(0) for item in rows(panel)][3:] == ["Recent files", "b.pth", "a.pth"]
    assert row_of(panel, "b.pth").toolTip(0) == "/b.pth"


def test_there_are_few_recent_files(panel: ModelPanel) -> None:
    for number in range(30):
        panel.add_recent(Path(f"/{number}.pth"))
    assert len(panel.recent()) <= 10
    assert panel.recent()[0] == Path("/29.pth")


def test_without_demo_models_the_list_says_nothing_of_them(qtbot: QtBot) -> None:
    panel = ModelPanel(())
    qtbot.addWidget(panel)
    assert rows(panel) == []


def test_the_shipped_demo_models_are_listed_by_default(qtbot: QtBot) -> None:
    panel = ModelPanel()
    qtbot.addWidget(panel)
    assert any("tales" in item.text(0) for item in rows(panel))


# Choosing


def test_one_click_chooses_and_asks_what_it_is(panel: ModelPanel, window: Window) -> None:
    click(panel, "RWKV-6.0")
    assert set(window.inspected) == {V6}
    panel.show_card(card(str(V6)))
    assert not panel.card.isHidden()
    assert window.loads == []


def test_a_click_on_the_chosen_file_looks_at_it_again(panel: ModelPanel, window: Window) -> None:
    click(panel, "RWKV-6.0")
    before = len(window.inspected)
    click(panel, "RWKV-6.0")
    assert len(window.inspected) > before


def test_each_precision_says_what_it_costs_where_that_was_measured(panel: ModelPanel, ready: Window) -> None:
    quality = (("float32", 0.0), ("int8", 0.0001), ("int4", 0.0071))
    choose(panel, replace(card(str(V6)), quality=quality))
    texts = texts_of(panel.choices.dtype_box)
    assert next(text for text in texts if text.startswith("int4")).endswith("+0.71 % bits")
    assert "%" not in "".join(text for text in texts if text.startswith(("float32", "bfloat16")))
    panel.choices.dtype_box.choose("int4")
    assert "RWKV-" in panel.choices.dtype_box.toolTip()
    assert "+0.71 %" in panel.choices.dtype_box.toolTip()


def test_the_open_model_is_marked_in_the_list(panel: ModelPanel) -> None:
    panel.set_recent([FILE])
    panel.show_opened(opened(card(str(V6))))
    marked = [row.text(0) for row in rows(panel) if row.font(0).bold()]
    assert len(marked) == 1
    assert marked == ["✓ RWKV-6.0 tales"]
    panel.set_recent([])
    assert [row.font(0).bold() for row in rows(panel) if row.text(0) == marked[0]] == [True]
    panel.show_opened(None)
    assert not any(row.font(0).bold() for row in rows(panel))


def test_the_arrow_keys_choose(panel: ModelPanel, window: Window) -> None:
    click(panel, "RWKV-5.2")
    QTest.keyClick(panel.models, Qt.Key.Key_Down)
    assert window.inspected[-1] == V6


def test_a_title_cannot_be_chosen(panel: ModelPanel, window: Window) -> None:
    double_click(panel, "Demo models")
    assert window.inspected == []


def test_an_answer_about_another_file_is_dropped(panel: ModelPanel, window: Window) -> None:
    panel.offer(FILE)
    panel.show_card(card(str(V6)))
    panel.show_inspect_error(V6, "It is damaged.", "")
    assert panel.card.isHidden()
    assert panel.trouble.isHidden()


def test_a_folder_is_known_by_the_file_in_it(panel: ModelPanel, ready: Window) -> None:
    panel.offer(Path("/models/folder"))
    panel.show_card(card("/models/folder/model.safetensors"))
    panel.load_button.click()
    assert ready.loads[0][0] == Path("/models/folder")


def test_a_file_that_is_no_model_says_why_and_cannot_be_loaded(panel: ModelPanel, ready: Window) -> None:
    panel.offer(V6)
    panel.show_inspect_error(V6, "The file is cut off.", "Download it again.")
    assert panel.trouble.toPlainText() == "rwkv-v6-tales.pth: The file is cut off.\nDownload it again."
    assert panel.card.isHidden()
    assert not panel.load_button.isEnabled()
    choose(panel, card(str(FILE)))
    assert panel.trouble.isHidden()
    assert panel.load_button.isEnabled()


def test_a_file_that_takes_long_to_look_at_takes_the_old_card_away(
    panel: ModelPanel, ready: Window, qtbot: QtBot
) -> None:
    panel.offer(V6)
    assert not panel.card.isHidden()
    qtbot.waitUntil(panel.card.isHidden, timeout=3000)
    assert "Looking at rwkv-v6-tales.pth" in message(panel)
    panel.show_card(card(str(V6)))
    assert not panel.card.isHidden()
    assert message(panel) == ""


def test_nothing_can_be_loaded_before_a_file_is_chosen(panel: ModelPanel, window: Window) -> None:
    panel.show_engine(ENGINE)
    assert not panel.load_button.isEnabled()


# Loading


def test_load_asks_for_the_chosen_file_as_it_is_to_be_loaded(panel: ModelPanel, ready: Window) -> None:
    panel.choices.dtype_box.choose("int8")
    panel.choices.tokenizer_box.setCurrentIndex(1)
    QTest.mouseClick(panel.load_button, Qt.MouseButton.LeftButton)
    assert ready.loads == [(FILE, "cpu", "int8", "world")]


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_enter_loads_at_once(panel: ModelPanel, ready: Window, key: Qt.Key) -> None:
    click(panel, "RWKV-6.0")
    panel.show_card(card(str(V6)))
    QTest.keyClick(panel.models, key)
    assert ready.loads == [(V6, "cpu", "auto", "")]


def test_a_double_click_loads_as_soon_as_the_file_is_known(panel: ModelPanel, ready: Window) -> None:
    double_click(panel, "RWKV-6.0")
    assert ready.loads == []
    panel.show_card(card(str(V6)))
    panel.show_card(card(str(V6)))
    assert ready.loads == [(V6, "cpu", "auto", "")]


def test_a_double_click_before_the_engine_has_started_loads_when_it_has(panel: ModelPanel, window: Window) -> None:
    double_click(panel, "RWKV-6.0")
    panel.show_card(card(str(V6)))
    assert window.loads == []
    assert "engine" in message(panel)
    panel.show_engine(ENGINE)
    assert window.loads == [(V6, "cpu", "auto", "")]


def test_load_before_the_file_is_known_loads_when_it_is(panel: ModelPanel, ready: Window) -> None:
    panel.offer(V6)
    panel.load_button.click()
    assert ready.loads == []
    panel.show_card(card(str(V6)))
    assert [load[0] for load in ready.loads] == [V6]


def test_choosing_another_file_takes_back_a_load_that_waits(panel: ModelPanel, ready: Window) -> None:
    panel.load_at_once(V6)
    panel.offer(V5)
    panel.show_card(card(str(V5)))
    assert ready.loads == []


def test_a_double_click_on_what_does_not_fit_explains_instead(panel: ModelPanel, ready: Window) -> None:
    double_click(panel, "RWKV-6.0")
    panel.show_card(card(str(V6), memory_free=GB // 2))
    assert ready.loads == []
    assert "int4 needs 1.2 GB of memory, and 500 MB are free." in message(panel)
    assert "Close other programs" in message(panel)


def test_while_it_loads_there_are_progress_and_cancel_and_no_second_load(panel: ModelPanel, ready: Window) -> None:
    panel.load_button.click()
    panel.load()
    double_click(panel, "RWKV-6.0")
    panel.show_card(card(str(V6)))
    assert len(ready.loads) == 1
    assert panel.stack.currentWidget() is panel.progress_row
    assert not panel.choices.isEnabled()
    panel.show_progress(Progress(250_000_000, GB, "bytes", 2.0))
    assert panel.progress.value() == 25
    assert message(panel) == "25%, 125 MB/s, 6 s left"
    panel.show_progress(Progress(GB // 100, GB, "bytes", 10.0))
    assert message(panel) == "1%, 1.0 MB/s, 16 min left"


def test_progress_without_a_beginning_or_a_total_does_no_harm(panel: ModelPanel, ready: Window) -> None:
    panel.show_progress(Progress(1, 2, "bytes", 1.0))
    assert panel.stack.currentWidget() is panel.load_button
    panel.load_button.click()
    panel.show_progress(Progress(0, 0, "bytes", 0.0))
    assert panel.progress.value() == 0


def test_after_cancel_it_stops_and_the_next_load_works(panel: ModelPanel, ready: Window) -> None:
    panel.load_button.click()
    QTest.mouseClick(panel.cancel_button, Qt.MouseButton.LeftButton)
    assert ready.cancels == 1
    assert "Stopping" in message(panel)
    panel.show_progress(Progress(1, 2, "bytes", 1.0))
    assert "Stopping" in message(panel)
    panel.loading_ended(False, True, "")
    assert "cancelled" in message(panel)
    panel.load_button.click()
    assert len(ready.loads) == 2
    assert panel.cancel_button.isEnabled()
    panel.loading_ended(True, False, "")
    assert message(panel) == ""
    assert panel.stack.currentWidget() is panel.load_button


def test_a_failed_or_cancelled_load_leaves_the_old_models_line(panel: ModelPanel, ready: Window) -> None:
    panel.show_opened(opened(card(str(V6))))
    line = panel.opened_line.toPlainText()
    assert line == "RWKV-6.0 tales, float32 on cpu, loaded in 0.3 s"
    panel.load_button.click()
    panel.loading_ended(False, False, "There was not enough memory.")
    assert message(panel) == "There was not enough memory."
    panel.load_button.click()
    panel.loading_ended(False, True, "")
    assert panel.opened_line.toPlainText() == line


def test_the_message_of_a_failure_goes_with_the_next_choice(panel: ModelPanel, ready: Window) -> None:
    panel.load_button.click()
    panel.loading_ended(False, False, "There was not enough memory.")
    choose(panel, card(str(V6)))
    assert message(panel) == ""


def test_a_load_that_ends_at_once_is_over(panel: ModelPanel, ready: Window) -> None:
    """Whoever is asked to load may answer before the click returns."""
    panel.load_requested.connect(lambda *_: panel.loading_ended(False, False, "No such file."))
    panel.load_button.click()
    assert panel.stack.currentWidget() is panel.load_button
    assert message(panel) == "No such file."


def test_a_load_that_others_asked_for_is_shown_too(panel: ModelPanel, window: Window) -> None:
    panel.loading_began(FILE)
    assert panel.stack.currentWidget() is panel.progress_row
    assert FILE.name in message(panel)


# What runs now


def test_without_a_model_it_says_so(panel: ModelPanel) -> None:
    assert panel.opened_line.toPlainText() == "No model is open."
    panel.show_opened(opened())
    panel.show_opened(None)
    assert panel.opened_line.toPlainText() == "No model is open."


def test_a_users_own_model_is_called_by_its_file(panel: ModelPanel) -> None:
    panel.show_opened(opened(card("/m/my-model.pth"), "cuda:0", "float16"))
    assert panel.opened_line.toPlainText() == "RWKV-6.0 my-model, float16 on cuda:0, loaded in 0.3 s"


def test_the_first_model_opened_becomes_the_chosen_one_but_takes_no_choice_away(panel: ModelPanel) -> None:
    panel.show_opened(opened(card(str(V6))))
    assert panel.models.selectedItems()[0].text(0) == "✓ RWKV-6.0 tales"
    assert not panel.card.isHidden()
    panel.offer(FILE)
    panel.show_opened(opened(card(str(V5))))
    assert panel.models.selectedItems() == []


# How to load it


def test_before_the_engine_has_started_there_is_no_device(panel: ModelPanel) -> None:
    assert texts_of(panel.choices.device_box) == ["engine is starting …"]
    assert not panel.choices.device_box.isEnabled()
    panel.show_engine(ENGINE)
    assert texts_of(panel.choices.device_box) == ["cpu", "cuda:0"]
    assert panel.choices.device_box.isEnabled()


@pytest.mark.parametrize(
    ("memory_free", "dtype"),
    [(16 * GB, "auto"), (2 * GB, "auto"), (0, "auto"), (1, "int4")],
)
def test_the_automatic_precision_is_suggested_unless_nothing_fits(
    panel: ModelPanel, memory_free: int, dtype: str
) -> None:
    panel.show_engine(ENGINE)
    choose(panel, card(memory_free=memory_free))
    assert panel.choices.dtype == dtype


def test_a_cuda_device_has_a_memory_of_its_own(panel: ModelPanel, ready: Window) -> None:
    choose(panel, card(memory_free=1))
    assert panel.choices.dtype == "int4"
    panel.choices.device_box.choose("cuda:0")
    assert panel.choices.dtype == "auto"


def test_what_does_not_fit_is_refused_with_a_suggestion_that_works(panel: ModelPanel, ready: Window) -> None:
    choose(panel, card(str(V6), memory_free=4 * GB))
    assert panel.load_button.isEnabled()
    panel.choices.dtype_box.choose("float32")
    assert message(panel) == (
        "float32 needs 6.4 GB of memory, and 4.0 GB are free.\nChoose bfloat16, which needs 3.3 GB."
    )
    assert not panel.load_button.isEnabled()
    panel.load()
    assert ready.loads == []
    panel.choices.dtype_box.choose("bfloat16")
    assert message(panel) == ""
    panel.load_button.click()
    assert ready.loads == [(V6, "cpu", "bfloat16", "")]


def test_the_computers_memory_does_not_limit_a_cuda_device(panel: ModelPanel, ready: Window) -> None:
    choose(panel, card(str(V6), memory_free=1 * GB))
    assert not panel.load_button.isEnabled()
    panel.choices.device_box.choose("cuda:0")
    assert panel.load_button.isEnabled()


def test_more_free_memory_on_a_second_look_allows_what_was_refused(panel: ModelPanel, ready: Window) -> None:
    choose(panel, card(str(V6), memory_free=GB // 2))
    assert not panel.load_button.isEnabled()
    choose(panel, card(str(V6), memory_free=16 * GB))
    assert panel.load_button.isEnabled()
    assert panel.choices.dtype == "auto"


def test_a_second_look_keeps_what_the_user_chose_and_another_file_does_not(panel: ModelPanel, ready: Window) -> None:
    box = panel.choices.dtype_box
    box.choose("int8")
    box.activated.emit(box.currentIndex())
    panel.choices.tokenizer_box.choose("bytes")
    choose(panel, card(str(FILE)))
    assert (panel.choices.dtype, panel.choices.tokenizer) == ("int8", "bytes")
    choose(panel, card(str(V6)))
    assert (panel.choices.dtype, panel.choices.tokenizer) == ("auto", "")


def test_every_precision_is_explained(panel: ModelPanel) -> None:
    box = panel.choices.dtype_box
    explained = {box.itemData(row, Qt.ItemDataRole.ToolTipRole) for row in range(box.count())}
    assert [box.itemData(row) for row in range(box.count())] == [
        "auto",
        "float32",
        "bfloat16",
        "float16",
        "int8",
        "int4",
    ]
    assert len(explained) == 6
    assert all("a weight" in text or "Exact as long as" in text for text in explained)


def test_the_tokenizer_found_is_named(panel: ModelPanel, ready: Window) -> None:
    assert texts_of(panel.choices.tokenizer_box) == ["automatic: World", "World", "Bytes", "File …"]


def test_without_a_tokenizer_the_user_must_choose_one(panel: ModelPanel, ready: Window) -> None:
    choose(panel, replace(card(str(V6)), tokenizer="", tokenizer_kind=""))
    assert "No tokenizer was found" in message(panel)
    assert not panel.load_button.isEnabled()
    box = panel.choices.tokenizer_box
    box.choose("bytes")
    box.activated.emit(box.currentIndex())
    assert panel.load_button.isEnabled()
    panel.load_button.click()
    assert ready.loads == [(V6, "cpu", "auto", "bytes")]


def ask_for_a_tokenizer_file(panel: ModelPanel) -> QFileDialog:
    box = panel.choices.tokenizer_box
    box.setCurrentIndex(box.count() - 1)
    box.activated.emit(box.currentIndex())
    dialog = panel.findChild(QFileDialog, "tokenizer_dialog")
    assert isinstance(dialog, QFileDialog)
    return dialog


def test_a_tokenizer_file_can_be_chosen(panel: ModelPanel, ready: Window) -> None:
    dialog = ask_for_a_tokenizer_file(panel)
    dialog.fileSelected.emit("/models/vocab.json")
    dialog.close()
    assert panel.choices.tokenizer == "/models/vocab.json"
    assert panel.choices.tokenizer_box.currentText() == "vocab.json"
    panel.load_button.click()
    assert ready.loads == [(FILE, "cpu", "auto", "/models/vocab.json")]


def test_no_tokenizer_file_keeps_the_choice_before(panel: ModelPanel, ready: Window) -> None:
    box = panel.choices.tokenizer_box
    box.choose("bytes")
    box.activated.emit(box.currentIndex())
    dialog = ask_for_a_tokenizer_file(panel)
    assert panel.choices.tokenizer == "bytes"
    dialog.reject()
    assert box.currentData() == "bytes"


# Opening and dropping files


@pytest.mark.parametrize(
    ("ask", "mode"),
    [("choose_file", QFileDialog.FileMode.ExistingFile), ("choose_folder", QFileDialog.FileMode.Directory)],
)
def test_a_file_or_folder_can_be_looked_for(
    panel: ModelPanel, window: Window, ask: str, mode: QFileDialog.FileMode
) -> None:
    getattr(panel, ask)()
    dialog = panel.findChild(QFileDialog, "open_model_dialog")
    assert isinstance(dialog, QFileDialog)
    assert dialog.fileMode() == mode
    dialog.fileSelected.emit(str(FILE))
    dialog.close()
    assert window.inspected == [FILE]


def test_the_button_asks_for_a_file_and_its_menu_also_for_a_folder(panel: ModelPanel, qtbot: QtBot) -> None:
    area = panel.drop_area
    with qtbot.waitSignal(area.file_wanted, timeout=1000):
        area.button.click()
    with qtbot.waitSignal(area.folder_wanted, timeout=1000):
        area.button.menu().actions()[1].trigger()
    for dialog in panel.findChildren(QFileDialog):
        dialog.close()


def dragged(*urls: str) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl(url) for url in urls])
    return data


def drag_in(panel: ModelPanel, data: QMimeData) -> bool:
    where = QPoint(10, 10)
    event = QDragEnterEvent(
        where, Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    event.ignore()
    panel.dragEnterEvent(event)
    return event.isAccepted()


def test_a_file_can_be_dropped_and_the_area_lights_up_meanwhile(panel: ModelPanel, window: Window) -> None:
    data = dragged(f"file://{FILE}")
    plain = panel.drop_area.styleSheet()
    assert drag_in(panel, data)
    assert panel.drop_area.lit
    assert panel.drop_area.styleSheet() != plain
    panel.dropEvent(
        QDropEvent(
            QPointF(10, 10),
            Qt.DropAction.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
    )
    assert panel.drop_area.styleSheet() == plain
    assert window.inspected == [FILE]


def test_what_is_no_file_cannot_be_dropped(panel: ModelPanel, window: Window) -> None:
    assert not drag_in(panel, dragged("https://example.org/model.pth"))
    assert not drag_in(panel, QMimeData())
    assert not panel.drop_area.lit


# Looks


def test_every_control_has_a_name_for_tools_and_for_screen_readers(panel: ModelPanel) -> None:
    controls = [
        widget
        for widget in panel.findChildren(QWidget)
        if widget.focusPolicy() != Qt.FocusPolicy.NoFocus and not isinstance(widget, QLabel)
    ]
    names = [widget.objectName() for widget in controls]
    assert {"model_list", "open_file_button", "device_box", "dtype_box", "tokenizer_box", "load_button"} <= set(names)
    assert len(set(names)) == len(names)
    assert [widget.objectName() for widget in controls if not widget.accessibleName()] == []


def test_everything_can_be_reached_with_the_tab_key(panel: ModelPanel, ready: Window) -> None:
    for name in ("model_list", "open_file_button", "version_text", "device_box", "dtype_box", "load_button"):
        widget = panel.findChild(QWidget, name)
        assert isinstance(widget, QWidget)
        assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus, name


@pytest.mark.parametrize("width", [250, 600])
def test_nothing_is_cut_off_whatever_the_names(panel: ModelPanel, ready: Window, width: int) -> None:
    name = "a_very_long_name_" * 6
    about = replace(card(f"/models/{name}.pth", memory_free=4 * GB), tokenizer=f"{name}.json")
    panel.show_opened(opened(about))
    choose(panel, about)
    panel.choices.dtype_box.choose("float32")
    panel.resize(width, 700)
    panel.grab()
    assert panel.width() == width
    for text in (panel.opened_line, panel.message, panel.card.text):
        size = text.document().size()
        assert size.width() <= text.viewport().width()
        assert size.height() <= text.viewport().height()
    assert panel.card.width() <= width
    for widget in (*panel.findChildren(QPushButton), *panel.choices.findChildren(QLabel)):
        assert widget.isHidden() or widget.width() >= widget.sizeHint().width()


def test_it_fits_into_a_low_window(panel: ModelPanel, ready: Window) -> None:
    assert panel.minimumSizeHint().width() <= 250
    assert panel.minimumSizeHint().height() <= 400


def test_the_wheel_changes_no_choice(panel: ModelPanel, ready: Window) -> None:
    """The panel scrolls with the wheel; a box that happens to be under it must not change."""
    box = panel.choices.dtype_box
    box.setFocus()
    before = box.currentIndex()
    turn = QWheelEvent(
        QPointF(5, 5),
        QPointF(5, 5),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(box, turn)
    assert box.currentIndex() == before
    assert not turn.isAccepted()


def test_an_engine_with_a_single_device_serves(panel: ModelPanel, window: Window) -> None:
    panel.show_engine(Engine(("cpu",), 1, "2.9.0"))
    choose(panel, CARD)
    panel.load_button.click()
    assert window.loads[0][1:] == ("cpu", "auto", "")
