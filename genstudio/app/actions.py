"""What the keyboard does everywhere in the window, and the menus that list it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QApplication, QComboBox, QLineEdit, QWidget

from genstudio.app import theme

if TYPE_CHECKING:
    from genstudio.app.window import Window

_THEMES: dict[theme.Mode, str] = {"system": "Theme of the system", "dark": "Dark theme", "light": "Light theme"}


def add_actions(window: Window) -> dict[str, QAction]:
    """Give the window its menus; returns the actions that depend on what is going on."""
    bar = window.menuBar()
    file = bar.addMenu("&File")
    _add(file, window, "Open data …", "Ctrl+O", window.ask_data)
    _add(file, window, "Runs", "Ctrl+R", lambda: window.show_page("runs"))
    file.addSeparator()
    _add(file, window, "Quit", "Ctrl+Q", window.close)
    training = bar.addMenu("&Training")
    actions = {
        "train": _add(training, window, "Train", "Ctrl+Return", lambda: window.train()),
        "queue": _add(training, window, "Add to queue", "Ctrl+Shift+Return", window.add_to_queue),
        "pause": _add(training, window, "Pause or resume", "Space", lambda: _space(window)),
        "stop": _add(training, window, "Stop and keep", "Ctrl+.", window.session.stop),
    }
    actions |= _add_latent(bar.addMenu("&Latent"), window)
    view = bar.addMenu("&View")
    for number, (key, page) in enumerate(window.side.buttons.items(), 1):
        _add(view, window, page.text(), f"Ctrl+{number}", lambda key=key: window.show_page(key))
    view.addSeparator()
    for mode, title in _THEMES.items():
        _add(view, window, title, "", partial(theme.apply, _app(), mode))
    view.addSeparator()
    _add(view, window, "Full screen", "F11", lambda: _full_screen(window))
    help_menu = bar.addMenu("&Help")
    _add(help_menu, window, "Explain what has the focus", "F1", lambda: _explain(window))
    _add(help_menu, window, "Go to the newest message", "F6", window.toasts.focus_newest)
    _add(help_menu, window, "Keys", "", lambda: window.manager.notify("info", _keys(window)))
    return actions


def _add_latent(menu: QWidget, window: Window) -> dict[str, QAction]:
    """What can be done on the Latent page, and only there."""
    return {
        f"latent {what}": _add(menu, window, text, keys, partial(window.latent_shell.do, what))
        for what, text, keys in (
            ("undo", "Back in the walk", "Ctrl+Z"),
            ("redo", "Forth in the walk", "Ctrl+Shift+Z"),
            ("random", "Random place", "Ctrl+Shift+R"),
            ("pin", "Pin this place", "Ctrl+D"),
            ("bookmark", "Bookmark this place", "Ctrl+B"),
            ("own", "Own picture …", "Ctrl+I"),
            ("paste", "Paste picture or code", "Ctrl+V"),
            ("python", "Copy as Python", "Ctrl+Shift+C"),
            ("save", "Save picture …", "Ctrl+S"),
        )
    }


def _add(menu: QWidget, window: Window, text: str, keys: str, run: Callable[[], object]) -> QAction:
    action = QAction(text, window)
    if keys:
        action.setShortcut(QKeySequence(keys))
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
    action.triggered.connect(lambda: run())
    menu.addAction(action)
    return action


def _space(window: Window) -> None:
    """Space presses the button or types the blank that has the focus, and pauses everywhere else."""
    focus = QApplication.focusWidget()
    if isinstance(focus, QAbstractButton) and focus.isEnabled():
        focus.click()
    elif isinstance(focus, QLineEdit):
        focus.insert(" ")
    elif isinstance(focus, QComboBox):
        focus.showPopup()
    elif not isinstance(focus, QAbstractSpinBox):
        window.session.toggle()


def _full_screen(window: Window) -> None:
    (window.showNormal if window.isFullScreen() else window.showFullScreen)()


def _explain(window: Window) -> None:
    focus = QApplication.focusWidget()
    while focus is not None and not focus.toolTip():
        focus = focus.parentWidget()
    text = focus.toolTip() if focus is not None else "Move to a control with Tab, then press F1 to have it explained."
    window.manager.notify("info", text)


def _keys(window: Window) -> str:
    known = [a for a in window.findChildren(QAction) if not a.shortcut().isEmpty() and a.parent() is window]
    keys = "; ".join(f"{a.shortcut().toString(QKeySequence.SequenceFormat.NativeText)}: {a.text()}" for a in known)
    return f"{keys}; arrows: move in galleries and plots."


def _app() -> QApplication:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    return app
