"""What the window remembers between two sessions: its place, panes, page, theme and choices."""

from __future__ import annotations

import base64
import contextlib
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray

from genstudio.app import theme
from genstudio.app.settings import Settings, can_be_kept
from genstudio.app.widgets.loss_controls import STOPS
from genstudio.app.widgets.panes import Panes

if TYPE_CHECKING:
    from genstudio.app.window import Window


def restore(window: Window) -> None:
    """Put everything where it was; what cannot be used any more is left as it is."""
    settings = window.settings
    window.resize(1280, 800)
    with contextlib.suppress(ValueError):  # somebody edited the file
        window.restoreGeometry(QByteArray(base64.b64decode(settings.geometry)))
    for name, panes in _panes(window).items():
        panes.set_shares(settings.panes.get(name, []))
    window.latent_shell.set_shares(settings.panes)
    nearest = min(range(len(STOPS)), key=lambda i: abs(STOPS[i] - settings.smoothing))
    window.train_page.plot.controls.slider.setValue(nearest)
    source = settings.data or "digits"
    window.train_page.model.set_sources(settings.recent, source)
    window.data_page.set_memory(settings.favourites, settings.sources)
    window.data_page.set_sources(settings.recent, source)
    window.show_page(settings.page if settings.page in window.pages else "train")


def remembered(window: Window) -> Settings:
    """The settings as the window stands now."""
    data = window.data_page
    page = next(key for key, widget in window.pages.items() if widget is window.stack.currentWidget())
    return window.settings.with_values(
        geometry=base64.b64encode(window.saveGeometry().data()).decode(),
        panes={name: panes.shares() for name, panes in _panes(window).items()} | window.latent_shell.shares(),
        page=page,
        favourites=tuple(source for source in data.favourites if can_be_kept(source)),
        sources={source: values for source, values in data.remembered.items() if can_be_kept(source)},
        theme=theme.mode(),
        smoothing=window.train_page.plot.controls.smoothing,
        unfolded=window.train_page.form.is_unfolded(),
    )


def _panes(window: Window) -> dict[str, Panes]:
    train, runs = window.train_page, window.runs_page
    return {
        "train": train.columns,
        "train pictures": train.pictures,
        "runs": runs.whole,
        "runs below": runs.below,
    }
