"""Which form the messages of a chat have: a list of the templates that fit the open model."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import QComboBox, QSizePolicy, QWidget

from app.messages import OpenedModel
from app.views.parts import library, tip
from rwkv_backend.templates import Template, templates_for


class TemplatePicker(QComboBox):
    """Lists the templates of a chat. It also knows the one of plain text, which nobody picks."""

    changed = Signal()
    """Another template is shown, or another model's templates are."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._templates: tuple[Template, ...] = ()
        self._picked = ""  # the template that the user has chosen; a model without it gets its own default
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self.setMaximumWidth(40 * self.fontMetrics().averageCharWidth())
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.currentIndexChanged.connect(self._tell)
        self.activated.connect(self._keep)

    def offer(self, opened: OpenedModel | None) -> None:
        """The templates of this model, and of them what the user has picked, or the first."""
        self._templates = _templates(opened)
        self.blockSignals(True)
        self.clear()
        for template in self._templates:
            if template.takes_turns:
                self._add(template)
        self.setCurrentIndex(max(0, self.findData(self._picked)))
        self.blockSignals(False)
        self._tell()

    @property
    def can_chat(self) -> bool:
        return not self._templates or any(template.takes_turns for template in self._templates)

    @property
    def prefers_plain_text(self) -> bool:
        """Whether the model's first template is not one of a chat."""
        return bool(self._templates) and not self._templates[0].takes_turns

    def name(self) -> str:
        """Of the template that is shown; "" if there is none."""
        return str(self.currentData() or "")

    def template(self, chat: bool) -> Template | None:
        """That of the chat; without chat the one that says how a plain text should look for this model."""
        name = self.currentData() if chat else None
        for template in self._templates:
            if template.name == name or (name is None and not template.takes_turns):
                return template
        return None

    def _add(self, template: Template) -> None:
        self.addItem(library(template.name), template.name)
        about = QCoreApplication.translate("Conversation", "{0} Source: {1}")
        about = about.format(library(template.about), template.source)
        self.setItemData(self.count() - 1, tip(about), Qt.ItemDataRole.ToolTipRole)

    def _keep(self) -> None:
        self._picked = str(self.currentData())

    def _tell(self) -> None:
        self.setToolTip(str(self.currentData(Qt.ItemDataRole.ToolTipRole) or ""))
        self.changed.emit()


def _templates(opened: OpenedModel | None) -> tuple[Template, ...]:
    if opened is None:
        return ()
    card = opened.card
    return templates_for(card.info.version, card.tokenizer_kind, card.demo)
