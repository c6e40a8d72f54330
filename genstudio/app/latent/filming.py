"""Paths through pins: drawn as a film strip, played, saved; and arithmetic with places."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from genstudio.app.latent.desk import Desk
from genstudio.app.latent.sight import Sight
from genstudio.app.latent.walk import Walk, letter
from genstudio.app.widgets import files
from genstudio.app.widgets.film_strip import FilmStrip
from genstudio.app.widgets.pictures import NO_PICTURES
from genstudio.app.widgets.place_mime import Carried
from genstudio.app.work import Work
from genstudio.core.errors import InputError
from genstudio.core.events import Images
from genstudio.engine.latent.place import NO_LABEL, Floats, Place, code_from_text, code_text

if TYPE_CHECKING:
    from genstudio.engine.latent.explorer import Explorer

_PART = 8  # frames drawn between two looks whether something more urgent waits


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """A film as far as it is drawn."""

    codes: Floats
    labels: NDArray[np.int64]
    frames: Images


class Filming(QObject):
    """Draws what the film strip asks for.

    Signals
    -------
    told(str)
        What could not be done.
    done(str)
        What was saved.
    """

    told = Signal(str)
    done = Signal(str)

    def __init__(self, sight: Sight, desk: Desk, work: Work, walk: Walk, strip: FilmStrip, parent: QObject) -> None:
        super().__init__(parent)
        self._sight, self._desk, self._work, self._walk, self._strip = sight, desk, work, walk, strip
        self.film: Film | None = None
        sight.changed.connect(self._begin)
        sight.updated.connect(self.draw)
        walk.pins_changed.connect(self.draw)
        strip.path_changed.connect(lambda *_: self.draw())
        strip.pin_asked.connect(self._pin)
        strip.pin_removed.connect(walk.unpin)
        strip.pins_ordered.connect(walk.order_pins)
        strip.pin_chosen.connect(self._go)
        strip.pin_dropped.connect(self._pin_carried)
        strip.frame_changed.connect(self._show_frame)
        strip.export_asked.connect(self._ask_where)
        strip.arithmetic_asked.connect(self._add)

    def _begin(self) -> None:
        explorer = self._sight.explorer
        self._strip.set_result(None)
        if explorer is not None:
            from genstudio.engine.latent.paths import natural_kind

            self._strip.set_kind(natural_kind(explorer.trained.model))
        self.draw()

    # --- drawing -------------------------------------------------------------------------------------

    def draw(self) -> None:
        """Draw pins and path anew."""
        pins, explorer = list(self._walk.pins), self._sight.explorer
        self.film = None
        if explorer is None or not pins:
            self._desk.cancel("strip")
            self._strip.set_pins(NO_PICTURES, ())
            self._strip.set_frames(NO_PICTURES)
            return
        path = self._strip.path()
        self._desk.ask("strip", lambda e: _drawn(e, pins, *path), lambda item: self._take(pins, item))

    def _take(self, pins: list[Place], item: Images | Film) -> None:
        if isinstance(item, Film):
            self.film = item
            self._strip.set_frames(item.frames)
            return
        places = [Carried(code=code_text(pin.code), label=pin.label) for pin in pins]
        self._strip.set_pins(item, [letter(i) for i in range(len(pins))], places)
        if len(pins) < 2:
            self._strip.set_frames(NO_PICTURES)

    def _show_frame(self, index: int) -> None:
        film = self.film
        if film is not None and 0 <= index < len(film.frames):
            place = Place(film.codes[index].copy(), int(film.labels[index]))
            self._walk.pass_by(place, f"frame {index + 1} of {len(film.codes)}")

    # --- pins ----------------------------------------------------------------------------------------

    def _pin(self) -> None:
        if self._walk.place is not None:
            self._walk.pin(self._walk.place)

    def _go(self, index: int) -> None:
        if 0 <= index < len(self._walk.pins):
            self._walk.go(self._walk.pins[index], f"pin {letter(index)}")

    def _pin_carried(self, carried: Carried) -> None:
        try:
            self._walk.pin(self._place_of(carried))
        except InputError as error:
            self.told.emit(str(error))

    def _place_of(self, term: int | Carried) -> Place:
        """The place of a pin, or of something carried here; raises `InputError` when it is of another model."""
        explorer, here = self._sight.explorer, self._walk.place
        if isinstance(term, int):
            return self._walk.pins[term]
        text = term.get("code", "")
        if here is not None and text == code_text(here.code):
            return here  # which knows its label too
        code = code_from_text(text)
        if explorer is None or len(code) != explorer.size:
            raise InputError("This place is of another model: open its run first.")
        return Place(code, term.get("label", NO_LABEL))

    def _add(self, a: int | Carried, b: int | Carried, c: int | Carried) -> None:
        """Go to A − B + C, and show its picture beside them."""
        from genstudio.engine.latent.paths import arithmetic, natural_kind

        explorer = self._sight.explorer
        if explorer is None:
            return
        try:
            first, second, third = (self._place_of(term) for term in (a, b, c))
            shell = natural_kind(explorer.trained.model) == "spherical"
            place = Place(arithmetic(first.code, second.code, third.code, rescale=shell), third.label)
        except InputError as error:
            self.told.emit(str(error))
            return
        self._walk.go(place, "A − B + C")
        self._desk.ask("sum", lambda e: e.picture(place), self._strip.set_result)

    # --- saving --------------------------------------------------------------------------------------

    def _ask_where(self, suffix: str) -> None:
        from genstudio.engine.latent.films import check_name

        film, run = self.film, self._sight.path
        if film is None or run is None:
            return
        try:
            check_name(Path(f"path{suffix}"))
        except InputError as error:
            self.told.emit(str(error))
            return
        pins, (kind, _, loop), fps = list(self._walk.pins), self._strip.path(), self._strip.fps()

        def chosen(path: str) -> None:
            self.save(film, Path(path), run, pins, (kind, loop, fps))

        files.ask_where(self._strip, "Save the path", f"path{suffix}", chosen)

    def save(self, film: Film, out: Path, run: Path, pins: list[Place], how: tuple[str, bool, float]) -> None:
        """Write a film; `how` is the kind of path, whether it is a loop, and frames a second."""
        kind, loop, fps = how

        def facts(explorer: Explorer) -> object:
            from genstudio.engine.latent.provenance import facts_of_path

            return facts_of_path(explorer, run, pins, kind, loop)

        def write(known: object) -> None:
            self._work.start(f"film {out}", lambda: _write(film, fps, out, known), lambda _: self._saved(out))

        self._desk.ask("facts of a film", facts, write)

    def _saved(self, out: Path) -> None:
        self.done.emit(f"The path was saved as “{out.name}”.")


def _drawn(e: Explorer, pins: list[Place], kind: str, count: int, loop: bool) -> Iterator[Images | Film]:
    """The pictures of the pins, then the film as it grows."""
    from genstudio.engine.latent.paths import frames

    yield np.stack([e.picture(pin) for pin in pins])
    if len(pins) < 2:
        return
    codes, labels = frames(pins, count, "spherical" if kind == "spherical" else "linear", loop)
    parts: list[Images] = []
    for start in range(0, count, _PART):
        parts.append(e.draw(codes[start : start + _PART], labels[start : start + _PART]))
        drawn = np.concatenate(parts)
        yield Film(codes[: len(drawn)], labels[: len(drawn)], drawn)


def _write(film: Film, fps: float, out: Path, facts: object) -> None:
    from genstudio.engine.latent import films

    assert isinstance(facts, dict)
    films.save(films.Film(film.frames, film.codes, fps), out, facts)
