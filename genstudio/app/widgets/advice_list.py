"""All advice on the run that is shown, the newest on top."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from genstudio.app.widgets.advice_card import AdviceCard
from genstudio.core.events import Advice

_MOST = 20  # cards; a doctor who says more is not listened to


class AdviceList(QWidget):
    """Cards below a heading with their number; hidden without any.

    Parameters
    ----------
    describe : function of a remedy
        The words on the button, "" when the remedy cannot be applied.

    Signals
    -------
    apply_asked(dict)
        Values of knobs by name.
    """

    apply_asked = Signal(dict)

    def __init__(self, describe: Callable[[Mapping[str, Any]], str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._describe = describe
        self._cards: dict[str, AdviceCard] = {}  # by code, oldest first
        self._count = QLabel()
        self._count.setProperty("role", "group")
        self.dismiss_all = QPushButton("Dismiss all")
        self.dismiss_all.setProperty("kind", "quiet")
        self.dismiss_all.setToolTip("Dismiss all advice; its marks stay on the curve")
        self.dismiss_all.clicked.connect(self.clear)
        heading = QHBoxLayout()
        heading.addWidget(self._count, 1)
        heading.addWidget(self.dismiss_all)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        self._column.addLayout(heading)
        self._column.addStretch(1)  # one card does not grow with the room for others
        self._show_count()

    def cards(self) -> list[AdviceCard]:
        """The cards from top to bottom: newest first."""
        return list(reversed(self._cards.values()))

    def add(self, advice: Advice) -> None:
        """Show an advice on top; one of the same code before it goes."""
        self._take_away(advice.code)
        while len(self._cards) >= _MOST:
            self._take_away(next(iter(self._cards)))
        card = self._cards[advice.code] = AdviceCard(advice, self._describe(advice.remedy), self)
        card.apply_asked.connect(lambda: self._apply(card))
        card.dismissed.connect(lambda: self._dismiss(card))
        self._column.insertWidget(1, card)
        card.show()
        self._show_count()
        QAccessible.updateAccessibility(QAccessibleEvent(card, QAccessible.Event.Alert))

    def set_all(self, advice: Iterable[Advice]) -> None:
        """Show the advice of a run that is opened, in the order in which it was given."""
        self.clear()
        for one in advice:
            self.add(one)

    def clear(self) -> None:
        """Take all cards away."""
        for code in list(self._cards):
            self._take_away(code)
        self._show_count()

    def describe_anew(self) -> None:
        """Other knobs are shown, or training began or ended: say what the remedies do now."""
        for card in self._cards.values():
            if card.apply.isEnabled():
                card.set_remedy(self._describe(card.advice.remedy))

    def _apply(self, card: AdviceCard) -> None:
        if card.apply.hasFocus():  # Qt would hand it to the next button, and Space would press that
            card.close_button.setFocus(Qt.FocusReason.OtherFocusReason)
        card.apply.setEnabled(False)
        card.set_remedy("Applied")
        self.apply_asked.emit(dict(card.advice.remedy))

    def _dismiss(self, card: AdviceCard) -> None:
        place = self.cards().index(card)
        self._take_away(card.advice.code)
        self._show_count()
        if left := self.cards():
            left[min(place, len(left) - 1)].close_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _take_away(self, code: str) -> None:
        if (card := self._cards.pop(code, None)) is not None:
            card.hide()
            self._column.removeWidget(card)
            card.deleteLater()

    def _show_count(self) -> None:
        count = len(self._cards)
        self._count.setText("Advice" if count < 2 else f"Advice · {count}")
        self.dismiss_all.setVisible(count > 1)
        self.setVisible(count > 0)
        for before, after in pairwise(self.tab_stops()):
            QWidget.setTabOrder(before, after)

    def tab_stops(self) -> list[QWidget]:
        """What Tab reaches here, from top to bottom."""
        return [self.dismiss_all, *(stop for card in self.cards() for stop in (card.close_button, card.apply))]
