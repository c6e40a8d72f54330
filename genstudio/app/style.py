"""Palette and stylesheet of the application, made from the tokens of a theme.

Variants are chosen by properties: ``QPushButton[kind="primary" | "danger" | "quiet" | "fold" | "nav"]``,
``QLabel[role="title" | "heading" | "group" | "dim" | "faint" | "bad" | "chip"]`` (a chip also has
``state="good" | "warn" | "bad" | "accent"``), ``QFrame[kind="card" | "toast"]``, fields ``[invalid="true"]``.
A property that changes later takes effect through `set_variant`. Qt gives a spin box no padding at the left:
``lineEdit().setTextMargins(6, 0, 0, 0)`` aligns its number with the text of other fields.
"""

from __future__ import annotations

from pathlib import Path
from string import Template

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QWidget

from genstudio.app.tokens import Tokens, mix


def set_variant(widget: QWidget, name: str, value: str | bool) -> None:
    """Set a property that the stylesheet asks for, and let the widget take on its new look at once."""
    text = str(value).lower() if isinstance(value, bool) else value
    if widget.property(name) != text:
        widget.setProperty(name, text)
        if widget.testAttribute(Qt.WidgetAttribute.WA_WState_Polished):  # else it is read when first shown
            widget.style().unpolish(widget)
            widget.style().polish(widget)


def faint(colours: Tokens) -> str:
    """The colour of what cannot be used now."""
    return mix(colours.dim, colours.panel, 0.4)


def palette(colours: Tokens) -> QPalette:
    """The Qt palette of a theme: what Fusion paints where no rule of the stylesheet says otherwise."""
    role = QPalette.ColorRole
    pairs = {
        role.Window: colours.background,
        role.WindowText: colours.text,
        role.Base: colours.raised,
        role.AlternateBase: colours.panel,
        role.Text: colours.text,
        role.Button: colours.raised,
        role.ButtonText: colours.text,
        role.BrightText: colours.bad,
        role.Highlight: colours.accent,
        role.HighlightedText: colours.on_accent,
        role.ToolTipBase: colours.raised,
        role.ToolTipText: colours.text,
        role.PlaceholderText: colours.dim,
        role.Link: colours.accent,
        role.LinkVisited: colours.accent,
        role.Accent: colours.accent,
        role.Light: colours.line,
        role.Midlight: colours.line,
        role.Mid: colours.line,
        role.Dark: colours.line,
        role.Shadow: colours.background,
    }
    result = QPalette()
    for key, value in pairs.items():
        result.setColor(key, QColor(value))
    for key in (role.WindowText, role.Text, role.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, key, QColor(faint(colours)))
    return result


def stylesheet(colours: Tokens, heading: int, title: int, resources: Path) -> str:
    """The application's stylesheet.

    Parameters
    ----------
    heading, title : int
        Font sizes in points; other text has the application's font.
    resources : Path
        Folder of ``style.qss`` and ``icons/``; the arrows there are of a grey that reads on both themes.
    """
    names = {
        key: getattr(colours, key)
        for key in ("background", "panel", "raised", "line", "text", "dim", "accent", "good", "warn", "bad",
                    "on_accent", "on_bad")
    }  # fmt: skip
    template = Template((resources / "style.qss").read_text("utf-8"))
    return template.substitute(
        names,
        faint=faint(colours),
        hover=mix(colours.raised, colours.text, 0.08),
        pressed=mix(colours.raised, colours.text, 0.16),
        edge=mix(colours.line, colours.text, 0.25),
        accent_hover=mix(colours.accent, colours.text, 0.12),
        accent_pressed=mix(colours.accent, colours.text, 0.24),
        chosen=mix(colours.panel, colours.accent, 0.28),
        thumb=mix(colours.line, colours.dim, 0.45),
        check=f"check-{colours.name}",
        tick="check-light" if colours.name == "dark" else "check-dark",
        heading=heading,
        title=title,
        icons=(resources / "icons").as_posix(),
    )
