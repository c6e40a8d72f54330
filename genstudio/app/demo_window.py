"""Presses the buttons of the window as a person would: choose the digits, Train, take a picture at the end."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from PySide6.QtCore import QBuffer, QObject, QTimer
from PySide6.QtGui import QGuiApplication

from genstudio.app.notifications import Note
from genstudio.app.widgets import files
from genstudio.app.window import Window
from genstudio.core.config import Value
from genstudio.core.errors import GenStudioError
from genstudio.engine import pictures
from genstudio.engine.review import Review

_FAMILY, _PRESET = "vae", "first-look"


class DemoDriver(QObject):
    """Begins as soon as the families are loaded.

    Attributes
    ----------
    failure : str
        A sentence when the training failed or its pictures could not be saved.
    """

    def __init__(
        self,
        window: Window,
        steps: int,
        out: Path | None,
        seed: int | None,
        device: str | None,
        screenshot: Path | None,
        leave: bool,
    ) -> None:
        super().__init__(window)
        self.failure = ""
        self._window, self._steps, self._out = window, steps, out
        wanted: dict[str, Value | None] = {"steps": steps, "seed": seed, "device": device}
        self._values = {name: value for name, value in wanted.items() if value is not None}
        self._screenshot, self._leave = screenshot, leave
        self._files: dict[str, str] = {}
        window.families_ready.connect(self._begin)
        window.session.ended.connect(self._ended)
        window.manager.raised.connect(self._told)

    def result(self) -> dict[str, Any]:
        """What ``--json`` prints."""
        path = self._window.session.path
        return {"run": str(path) if path else None, "steps": self._steps, **self._files}

    def _begin(self) -> None:
        window = self._window
        window.train_page.model.set_sources(window.settings.recent, "digits")
        window.train_page.choose_family(_FAMILY, self._values, _PRESET)
        window.train(self._out)

    def _ended(self, state: str, text: str, _detail: str) -> None:
        if state == "failed":
            self._fail(text)
        else:
            self._window.session.opened.connect(self._opened)

    def _opened(self, found: Review) -> None:
        self._window.session.opened.disconnect(self._opened)
        # one more turn of the event loop, so that what was opened is painted
        QTimer.singleShot(300, self, lambda: self._save(found))

    def _told(self, note: Note) -> None:
        """With nobody at the window, an error that stands there would be waited for without end."""
        if self._leave and note.severity == "error" and not self._window.session.running:
            self._fail(note.text)

    def _fail(self, text: str) -> None:
        if not self.failure:
            self.failure = text
            self._finish()

    def _save(self, found: Review) -> None:
        try:
            if self._screenshot is not None:
                self._save_pictures(self._screenshot, found)
        except GenStudioError as error:
            self._fail(str(error))
        else:
            self._finish()

    def _save_pictures(self, screenshot: Path, found: Review) -> None:
        buffer = QBuffer()
        self._window.grab().save(buffer, "PNG")
        files.write(screenshot, [bytes(buffer.data().data())])
        self._tell("screenshot", screenshot)
        grid = screenshot.with_name(f"{screenshot.stem}-samples.png")
        samples = next((g for g in found.galleries if g.slot == "samples"), None)
        if samples is not None:
            pictures.save(samples.images, grid)
            self._tell("samples", grid)

    def _tell(self, what: str, path: Path) -> None:
        self._files[what] = str(path)
        print(f"{what}: {path}", file=sys.stderr)

    def _finish(self) -> None:
        if self._leave:
            self._window.close()
            QGuiApplication.exit(0)
