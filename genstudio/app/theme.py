"""Colours, fonts and icons of the window, dark and light, switchable while it runs.

Widgets that paint themselves read `tokens()` when they paint and repaint on ``notifier().changed``;
everything else is coloured by the palette and the application's stylesheet.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from functools import cache, partial
from typing import Literal

from PySide6.QtCore import QByteArray, QObject, QSize, Qt, Signal
from PySide6.QtGui import QAction, QColor, QFont, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel

from genstudio.app import resources
from genstudio.app.style import faint, palette, stylesheet
from genstudio.app.tokens import DARK, LIGHT, Tokens, mix

__all__ = [
    "DARK",
    "HEADING",
    "LIGHT",
    "PLACEHOLDER",
    "SMALL",
    "TITLE",
    "Mode",
    "Tokens",
    "app_icon",
    "apply",
    "color",
    "icon",
    "mix",
    "mode",
    "notifier",
    "set_icon",
    "tabular",
    "tokens",
    "undressed",
]  # fmt: skip

Mode = Literal["system", "dark", "light"]
#: The one colour in the files of our own icons; it stands for the colour of the text beside the icon.
PLACEHOLDER = "#7f8897"
# macOS counts 72 points to the inch where the others count 96
_POINT = 4 / 3 if sys.platform == "darwin" else 1.0
SMALL, HEADING, TITLE = (round(size * _POINT) for size in (10, 11, 15))


class _Notifier(QObject):
    changed = Signal()


class _State:
    """What `apply` decided last; one application has one theme."""

    tokens: Tokens = DARK
    mode: Mode = "system"
    following: QObject | None = None  # the style hints that we listen to


@cache
def notifier() -> _Notifier:
    """The object whose signal ``changed`` tells that `tokens` returns other colours from now on."""
    return _Notifier()


def tokens() -> Tokens:
    """The colours of the current theme."""
    return _State.tokens


def mode() -> Mode:
    """What was asked for last: "system", "dark" or "light"."""
    return _State.mode


def color(name: str, alpha: float = 1.0) -> QColor:
    """The token `name` as a colour to paint with, `alpha` in 0..1."""
    result = QColor(getattr(_State.tokens, name))
    result.setAlphaF(alpha)
    return result


def apply(app: QApplication, mode: Mode) -> None:
    """Give the application Fusion style, our palette, fonts and stylesheet; may be called again at any time.

    Parameters
    ----------
    mode : {"system", "dark", "light"}
        "system" follows the desktop, also later when it changes; dark where the desktop has no opinion.
    """
    hints = app.styleHints()
    if _State.following is not hints:
        app.setStyle("Fusion")
        hints.colorSchemeChanged.connect(partial(_follow_system, app))
        _State.following = hints
    _State.mode = mode
    wanted = {"dark": Qt.ColorScheme.Dark, "light": Qt.ColorScheme.Light}.get(mode, Qt.ColorScheme.Unknown)
    hints.setColorScheme(wanted)  # for what the system draws: title bar, file dialogs
    _use(app, _wanted(app))


@contextlib.contextmanager
def undressed(app: QApplication) -> Iterator[None]:
    """Build widgets before the stylesheet is put on them, once for all.

    Qt works it out anew whenever a widget gets another parent (measured: a window took 300 ms instead of 170).
    """
    sheet = app.styleSheet()
    app.setStyleSheet("")
    try:
        yield
    finally:
        app.setStyleSheet(sheet)


def _wanted(app: QApplication) -> Tokens:
    if _State.mode == "system":
        return LIGHT if _system_scheme(app) == Qt.ColorScheme.Light else DARK
    return LIGHT if _State.mode == "light" else DARK


def _system_scheme(app: QApplication) -> Qt.ColorScheme:
    return app.styleHints().colorScheme()


def _follow_system(app: QApplication, _scheme: Qt.ColorScheme) -> None:
    if _wanted(app) is not _State.tokens:
        _use(app, _wanted(app))


def _use(app: QApplication, new: Tokens) -> None:
    _State.tokens = new
    font = app.font()
    font.setPointSize(SMALL)
    app.setFont(font)
    app.setPalette(palette(new))
    app.setStyleSheet(stylesheet(new, HEADING, TITLE, resources.folder()))
    notifier().changed.emit()


def tabular(font: QFont) -> QFont:
    """A copy of `font` whose digits are equally wide, so that changing numbers don't dance."""
    result = QFont(font)
    result.setFeature(QFont.Tag("tnum"), 1)
    return result


def icon(name: str, size: int = 16, role: str = "text") -> QIcon:
    """Our icon `name` in the colour of the token `role`, sharp on screens of scale 1 to 3.

    It keeps its colour when the theme changes; `set_icon` follows the theme.

    Raises
    ------
    WorkError
        When there is no such icon.
    """
    now = _State.tokens
    return _drawn(name, size, getattr(now, role), faint(now))


@cache  # a form has the same two icons in each of its rows
def _drawn(name: str, size: int, enabled: str, disabled: str) -> QIcon:
    svg = _svg(name)
    result = QIcon()
    modes = QIcon.Mode  # without its own picture a selected icon is tinted by the style
    for colour, used_in in (
        (enabled, (modes.Normal, modes.Selected)),
        (disabled, (modes.Disabled,)),
    ):
        tinted = QSvgRenderer(QByteArray(svg.replace(PLACEHOLDER, colour).encode()))
        for scale in (1, 2, 3):
            pixmap = _pixmap(tinted, size, scale)
            for mode in used_in:
                result.addPixmap(pixmap, mode)
    return result


def app_icon() -> QIcon:
    """GenStudio's own icon, in the sizes that desktops ask a window for."""
    logo = QSvgRenderer(QByteArray(_svg("app").encode()))
    result = QIcon()
    for size in (16, 24, 32, 48, 64, 128, 256):
        result.addPixmap(_pixmap(logo, size, 1))
    return result


@cache
def _svg(name: str) -> str:
    return resources.icon_path(name).read_text("utf-8")


def _pixmap(svg: QSvgRenderer, size: int, scale: int) -> QPixmap:
    pixmap = QPixmap(size * scale, size * scale)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    svg.render(painter)
    painter.end()
    pixmap.setDevicePixelRatio(scale)
    return pixmap


class _IconFollower(QObject):
    """A child of what shows an icon: dies with it, and draws the icon anew when the theme changes."""

    def __init__(self, target: QAbstractButton | QAction | QLabel) -> None:
        super().__init__(target)
        self.setObjectName("icon follower")
        self._target = target
        self._what: tuple[str, int, str] = ("", 16, "text")
        notifier().changed.connect(self.draw)

    def show_icon(self, name: str, size: int, role: str) -> None:
        self._what = (name, size, role)
        self.draw()

    def draw(self) -> None:
        name, size, role = self._what
        drawn = icon(name, size, role)
        if isinstance(self._target, QLabel):
            self._target.setPixmap(drawn.pixmap(QSize(size, size), self._target.devicePixelRatioF()))
        else:
            self._target.setIcon(drawn)


def set_icon(target: QAbstractButton | QAction | QLabel, name: str, size: int = 16, role: str = "text") -> None:
    """Show our icon `name` on `target`, now and after each change of theme, until it is replaced likewise."""
    known = [child for child in target.children() if isinstance(child, _IconFollower)]
    follower = known[0] if known else _IconFollower(target)
    follower.show_icon(name, size, role)
