"""How to load the chosen file: on which device, in which precision, with which tokenizer; and why that cannot be."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtGui import QPaintEvent, QWheelEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QSizePolicy,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QWidget,
)

from app import theme
from app.messages import Card, Engine
from app.views.version_card import fits, largest_that_fits, needed, size_text

AUTO = "auto"
DTYPES = (AUTO, "float32", "bfloat16", "float16", "int8", "int4")
FILE = "file"
"""Stands in the tokenizer's box for asking for a file."""


class LoadChoices(QWidget):
    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("load_choices")
        self._card: Card | None = None
        self._engine: Engine | None = None
        self._dtype_by_hand = False
        self.device_box = Chooser("device_box", self.tr("Device that the model runs on"))
        self.dtype_box = Chooser("dtype_box", self.tr("Precision of the weights"))
        self.tokenizer_box = Chooser("tokenizer_box", self.tr("Tokenizer: how text becomes numbers"))
        self._lay_out()
        self._fill_devices()
        self._fill_dtypes()
        self._fill_tokenizers()
        self.device_box.currentIndexChanged.connect(self._device_changed)
        self.dtype_box.activated.connect(self._dtype_activated)
        self.dtype_box.currentIndexChanged.connect(self._tell)
        self.tokenizer_box.activated.connect(self._tokenizer_activated)

    # What is chosen

    @property
    def ready(self) -> bool:
        """Whether the engine has said which devices there are."""
        return self._engine is not None

    @property
    def device(self) -> str:
        return str(self.device_box.currentData() or "")

    @property
    def dtype(self) -> str:
        return str(self.dtype_box.currentData())

    @property
    def tokenizer(self) -> str:
        """ "world", "bytes", a file's path, or "": the one that is chosen by evidence."""
        found = str(self.tokenizer_box.currentData() or "")
        return self._tokenizer_before if found == FILE else found

    # What it is told

    def show_engine(self, engine: Engine) -> None:
        self._engine = engine
        self._fill_devices()
        self._suggest_dtype()

    def show_card(self, card: Card | None) -> None:
        """The file that is chosen now. Another file begins with what suits it best; the same one keeps the choices."""
        same = card is not None and self._card is not None and card.info.path == self._card.info.path
        self._card = card
        if not same:
            self._dtype_by_hand = False
        self._fill_dtypes()
        self._suggest_dtype()
        if not same:
            self._fill_tokenizers()
        self.changed.emit()

    def refusal(self) -> tuple[str, str] | None:
        """Why the file cannot be loaded like this, and what to do; None if it can."""
        if self._card is None:
            return None
        return self._no_room(self._card) or self._no_tokenizer(self._card)

    def _no_room(self, card: Card) -> tuple[str, str] | None:
        """Only the computer's own memory is known; a CUDA device has another."""
        size = needed(card, self.dtype)
        if size is None or fits(card, self.dtype) or self.device.startswith("cuda"):
            return None
        sentence = self.tr("{0} needs {1} of memory, and {2} are free.")
        best = largest_that_fits(card)
        hint = self.tr("Close other programs, or open it on a computer with more memory.")
        if best is not None:
            hint = self.tr("Choose {0}, which needs {1}.").format(best, size_text(needed(card, best) or 0))
        return sentence.format(self.dtype, size_text(size), size_text(card.memory_free)), hint

    def _no_tokenizer(self, card: Card) -> tuple[str, str] | None:
        if self.tokenizer or card.tokenizer_kind:
            return None
        return (
            self.tr("No tokenizer was found for this model."),
            self.tr("Choose one above; the card says what is known."),
        )

    # Boxes

    def _lay_out(self) -> None:
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setSpacing(theme.S)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(self.tr("Device"), self.device_box)
        form.addRow(self.tr("Precision"), self.dtype_box)
        form.addRow(self.tr("Tokenizer"), self.tokenizer_box)

    def _fill_devices(self) -> None:
        before = self.device
        self.device_box.begin()
        if self._engine is None:
            self.device_box.addItem(self.tr("engine is starting …"), "")
        for device in self._engine.devices if self._engine else ():
            self.device_box.addItem(device, device)
        self.device_box.setEnabled(self._engine is not None)
        self.device_box.end(before)

    def _fill_dtypes(self) -> None:
        before = self.dtype
        self.dtype_box.begin()
        for dtype in DTYPES:
            self.dtype_box.addItem(self._dtype_text(dtype), dtype)
            self.dtype_box.explain("\n".join(text for text in (about_dtype(dtype), self._quality_text(dtype)) if text))
        self.dtype_box.end(before)

    def _dtype_text(self, dtype: str) -> str:
        if dtype == AUTO:
            return self.tr("automatic")
        size = needed(self._card, dtype) if self._card else None
        if self._card is None or size is None:
            return dtype
        if fits(self._card, dtype) or self.device.startswith("cuda"):
            loss = self._loss(dtype)
            if loss is None or dtype == "float32":
                return self.tr("{0}, {1}").format(dtype, size_text(size))
            return self.tr("{0}, {1}, {2} % bits").format(dtype, size_text(size), f"{100 * loss:+.2f}")
        return self.tr("{0}, {1} ✗").format(dtype, size_text(size))

    def _loss(self, dtype: str) -> float | None:
        return dict(self._card.quality).get(dtype) if self._card is not None else None

    def _quality_text(self, dtype: str) -> str:
        """What was measured on the demo model of this version."""
        loss = self._loss(dtype)
        if self._card is None or loss is None or dtype == "float32":
            return ""
        text = self.tr(
            "On the RWKV-{0} demo model: {1} % bits per byte against float32. Larger models usually lose less."
        )
        return text.format(self._card.info.version, f"{100 * loss:+.2f}")

    def _suggest_dtype(self) -> None:
        if self._card is not None and not self._dtype_by_hand:
            self.dtype_box.choose(suitable_dtype(self._card, self.device))

    def _fill_tokenizers(self) -> None:
        name = self._card.tokenizer if self._card else ""
        if self._card is not None and not name:
            name = self.tr("none found")
        automatic = self.tr("automatic: {0}").format(name) if name else self.tr("automatic")
        choices = (
            (automatic, "", self.tr("The tokenizer that fits by its size and by what lies beside the model.")),
            (self.tr("World"), "world", self.tr("The tokenizer of the World models, for text in any language.")),
            (self.tr("Bytes"), "bytes", self.tr("Each byte is a token: for models that were trained on raw bytes.")),
            (self.tr("File …"), FILE, self.tr("A tokenizer.json, vocab.json or World vocabulary (.txt) of your own.")),
        )
        self.tokenizer_box.begin()
        for text, key, about in choices:
            self.tokenizer_box.addItem(text, key)
            self.tokenizer_box.explain(about)
        self.tokenizer_box.end("")
        self._tokenizer_before = ""

    # What the user does

    def _tell(self) -> None:
        self.changed.emit()

    def _device_changed(self) -> None:
        self._fill_dtypes()
        self._suggest_dtype()
        self.changed.emit()

    def _dtype_activated(self) -> None:
        self._dtype_by_hand = True

    def _tokenizer_activated(self) -> None:
        if self.tokenizer_box.currentData() == FILE:
            self._ask_for_tokenizer()
            return
        self._tokenizer_before = self.tokenizer
        self.changed.emit()

    def _ask_for_tokenizer(self) -> None:
        folder = str(Path(self._card.info.path).parent) if self._card else ""
        dialog = QFileDialog(self, self.tr("Open a tokenizer"), folder)
        dialog.setObjectName("tokenizer_dialog")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters([self.tr("Tokenizers (*.json *.txt)"), self.tr("All files (*)")])
        dialog.fileSelected.connect(self.use_tokenizer_file)
        dialog.rejected.connect(self._keep_tokenizer)
        dialog.open()

    def use_tokenizer_file(self, path: str) -> None:
        """Offer this file in the box, and choose it."""
        box = self.tokenizer_box
        if box.findData(path) < 0:
            box.insertItem(box.count() - 1, Path(path).name, path)
            box.setItemData(box.count() - 2, path, Qt.ItemDataRole.ToolTipRole)
        box.choose(path)
        self._tokenizer_before = path
        self.changed.emit()

    def _keep_tokenizer(self) -> None:
        self.tokenizer_box.choose(self._tokenizer_before)


class Chooser(QComboBox):
    """A box as narrow as the panel needs; its list is as wide as its texts. A turn of the wheel changes nothing."""

    def __init__(self, name: str, accessible: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(accessible)
        self.view().setObjectName(f"{name}_list")
        self.view().setAccessibleName(accessible)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(5)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.currentIndexChanged.connect(self._explain_itself)

    def begin(self) -> None:
        """Fill it anew: nobody is told before `end`, and then nobody either unless the choice has changed."""
        self.blockSignals(True)
        self.clear()

    def end(self, before: str) -> None:
        self.setCurrentIndex(max(0, self.findData(before)))
        self.blockSignals(False)
        self._explain_itself()

    def choose(self, key: str) -> None:
        self.setCurrentIndex(max(0, self.findData(key)))

    def explain(self, text: str) -> None:
        """What the item that was added last means."""
        self.setItemData(self.count() - 1, text, Qt.ItemDataRole.ToolTipRole)

    def _explain_itself(self) -> None:
        about = self.currentData(Qt.ItemDataRole.ToolTipRole)
        self.setToolTip("\n".join(text for text in (self.currentText(), about) if text))

    def showPopup(self) -> None:
        view = self.view()
        view.setMinimumWidth(min(view.sizeHintForColumn(0) + 2 * theme.L, self.window().width()))
        super().showPopup()

    def paintEvent(self, event: QPaintEvent) -> None:
        """As usual, but a text that is too long ends in … instead of being cut off."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        painter = QStylePainter(self)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        field = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, self
        )
        room = field.width() - 2 * theme.XS
        option.currentText = self.fontMetrics().elidedText(self.currentText(), Qt.TextElideMode.ElideRight, room)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


def suitable_dtype(card: Card, device: str) -> str:
    """The automatic one, unless nothing fits: then the smallest, so that it is said how much memory that needs."""
    return AUTO if largest_that_fits(card) or device.startswith("cuda") else card.memory_needed[-1][0]


def about_dtype(dtype: str) -> str:
    """What a precision means, in a sentence."""
    if dtype == AUTO:
        return QCoreApplication.translate(
            "LoadChoices",
            "Exact as long as this computer writes faster with it than one reads; else the fastest of 16 bits and int8.",
        )
    if dtype == "float32":
        return QCoreApplication.translate("LoadChoices", "4 bytes a weight: exact, and the largest.")
    if dtype == "bfloat16":
        return QCoreApplication.translate("LoadChoices", "2 bytes a weight: half the memory, a little rounded.")
    if dtype == "float16":
        return QCoreApplication.translate(
            "LoadChoices", "2 bytes a weight: half the memory, less rounded, but very large weights do not fit."
        )
    if dtype == "int8":
        return QCoreApplication.translate(
            "LoadChoices",
            "1 byte a weight: a quarter of the memory and the fastest; the text is as good as one can tell.",
        )
    return QCoreApplication.translate(
        "LoadChoices", "Half a byte a weight: an eighth of the memory, clearly worse text. Saves memory, not time."
    )
