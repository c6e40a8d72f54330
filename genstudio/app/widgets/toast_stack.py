"""The messages not yet read, stacked in the lower right corner of the window."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAccessible, QAccessibleEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from genstudio.app.notifications import Note
from genstudio.app.widgets.toast import WIDTH, Toast

MARGIN, VISIBLE = 16, 3


class ToastStack(QWidget):
    """Lies over the lower right corner of `window`: the newest messages, and how many older ones wait.

    Parameters
    ----------
    window : QWidget
        What it lies over and follows in size.
    bottom : int
        Pixels to leave free below, e.g. for a status bar.
    """

    def __init__(self, window: QWidget, bottom: int = MARGIN) -> None:
        super().__init__(window)
        self._window = window
        self._bottom = bottom
        self._notes: dict[tuple[str, str], Note] = {}
        self._toasts: dict[tuple[str, str], Toast] = {}
        self.setFixedWidth(WIDTH)
        self._more = _MoreRow(self)
        self._more.close_all.clicked.connect(self.clear)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(8)
        self._layout.addWidget(self._more)
        self.hide()
        window.installEventFilter(self)

    def show_note(self, note: Note) -> None:
        """Show `note`; an equal one that is not yet read only counts up. Connect it to the manager's `raised`."""
        if before := self._notes.get(note.key):
            note = replace(note, count=before.count + note.count)
        self._notes[note.key] = note
        if note.key in self._toasts:
            self._toasts[note.key].set_note(note)
        self._arrange()
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.Alert))

    def notes(self) -> list[Note]:
        """All messages not yet read, oldest first."""
        return list(self._notes.values())

    def visible_toasts(self) -> list[Toast]:
        """The messages that are shown, oldest first."""
        return list(self._toasts.values())

    def clear(self) -> None:
        """Count every message as read."""
        self._notes.clear()
        self._arrange()

    def focus_newest(self) -> None:
        """Give the newest message the keyboard focus, if there is any."""
        if self._toasts:
            self.visible_toasts()[-1].close_button.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _close(self, key: tuple[str, str]) -> None:
        focus = self.focusWidget()
        had_focus = focus is not None and focus.hasFocus()
        self._notes.pop(key, None)
        self._arrange()
        if had_focus:
            self.focus_newest()

    def _arrange(self) -> None:
        wanted = list(self._notes)[-VISIBLE:]
        for key in [key for key in self._toasts if key not in wanted]:
            gone = self._toasts.pop(key)
            gone.hide()
            self._layout.removeWidget(gone)
            gone.deleteLater()
        for place, key in enumerate(wanted):
            if key not in self._toasts:
                self._add(key, place)
        self._toasts = {key: self._toasts[key] for key in wanted}
        self._more.set_count(len(self._notes) - len(wanted))
        self.setVisible(bool(wanted))
        self._place()

    def _add(self, key: tuple[str, str], place: int) -> None:
        toast = Toast(self._notes[key], self)
        toast.closed.connect(lambda: self._close(key))
        self._layout.insertWidget(1 + place, toast)
        self._toasts[key] = toast
        toast.show()

    def _place(self) -> None:
        if self.isHidden():
            return
        self._layout.activate()
        height = self._layout.totalHeightForWidth(WIDTH)
        left = self._window.width() - WIDTH - MARGIN
        top = self._window.height() - height - self._bottom
        self.setGeometry(max(0, left), max(0, top), WIDTH, height)
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and watched is self._window:
            self._place()
        return super().eventFilter(watched, event)


class _MoreRow(QFrame):
    """ "and 4 more", with a button that closes all."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("kind", "toast")
        self._label = QLabel()
        self._label.setProperty("role", "dim")
        self.close_all = QPushButton("Close all")
        self.close_all.setProperty("kind", "quiet")
        self.close_all.setToolTip("Count every message as read; they stay in the log")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 4, 4, 4)
        layout.addWidget(self._label, 1)
        layout.addWidget(self.close_all)

    def set_count(self, count: int) -> None:
        self._label.setText(f"and {count:,} more")
        self.setVisible(count > 0)
