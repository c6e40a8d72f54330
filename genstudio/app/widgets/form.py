"""A form made from the knobs of a config: the few for beginners first, the others behind "All knobs"."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from itertools import pairwise

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from genstudio.app import theme
from genstudio.app.widgets.knob_row import KnobRow
from genstudio.core.config import Knob, Value

_SPACING = 8
_WIDEST = 158  # pixels of a label and its marks; the field beside it has to hold a number and its unit


class KnobForm(QWidget):
    """Values are read with `values` when they are needed; `changed` tells of each one as it is chosen.

    Signals
    -------
    changed(str, value)
        The person gave a knob another valid value: by Enter, by leaving the field, by a step, a choice, a
        click or a reset. What is half typed never comes, so that a live knob does not pass through it.
    validity_changed(bool)
        Whether all fields can be read.
    unfolded_changed(bool)
        The person folded or unfolded "All knobs".
    """

    changed = Signal(str, object)
    validity_changed = Signal(bool)
    unfolded_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._knobs: tuple[Knob, ...] = ()
        self._rows: dict[str, KnobRow] = {}
        self._valid = True
        self._running = self._many = False
        self._basic, self._more = QVBoxLayout(), QWidget()
        self._rest = QVBoxLayout(self._more)
        self._toggle = QPushButton()
        self._reset_all = QPushButton("Reset all")
        self._lay_out()
        self.set_unfolded(False)

    def _lay_out(self) -> None:
        self._toggle.setProperty("kind", "fold")
        self._toggle.setCheckable(True)
        self._toggle.setToolTip("Show or hide the knobs that one rarely needs")
        self._toggle.toggled.connect(self._unfold)
        self._toggle.clicked.connect(self.unfolded_changed)
        self._reset_all.setProperty("kind", "quiet")
        self._reset_all.setToolTip("Set every changed knob back to the preset's value")
        theme.set_icon(self._reset_all, "reset", 16, "dim")
        self._reset_all.clicked.connect(self._reset)
        buttons = QHBoxLayout()
        buttons.addWidget(self._toggle)
        buttons.addStretch(1)
        buttons.addWidget(self._reset_all)
        for layout in (self._basic, self._rest):
            layout.setContentsMargins(0, 0, 0, 0)
            layout.setSpacing(_SPACING)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(_SPACING)
        layout.addLayout(self._basic)
        layout.addLayout(buttons)
        layout.addWidget(self._more)
        layout.addStretch(1)

    def set_knobs(self, knobs: tuple[Knob, ...]) -> None:
        """Show other knobs, at their defaults. Running and folding stay as they are."""
        if knobs == self._knobs:
            return
        self._clear()
        self._knobs = knobs
        basic = [knob for knob in knobs if knob.basic] or list(knobs)
        groups: dict[str, list[Knob]] = {}
        for knob in knobs:
            if knob not in basic:
                groups.setdefault(knob.group, []).append(knob)
        for knob in basic:
            self._basic.addWidget(self._add(knob))
        for group, members in groups.items():
            self._rest.addWidget(_group_label(group))
            for knob in members:
                self._rest.addWidget(self._add(knob))
        self._toggle.setVisible(bool(groups))
        self._more.setVisible(bool(groups) and self._toggle.isChecked())
        self._align()
        self._order_tabs()
        self._look()

    def _clear(self) -> None:
        for row in self._rows.values():
            row.blockSignals(True)  # a field that loses the focus now commits nothing
        for layout in (self._basic, self._rest):
            while (item := layout.takeAt(0)) is not None:
                widget = item.widget()
                if widget is not None:
                    widget.hide()
                    widget.deleteLater()
        self._rows = {}

    def _add(self, knob: Knob) -> KnobRow:
        row = KnobRow(knob)
        row.set_running(self._running)
        row.edited.connect(self._look)
        row.committed.connect(self.changed)
        self._rows[knob.name] = row
        return row

    def _align(self) -> None:
        width = min(_WIDEST, max((row.heading_width() for row in self._rows.values()), default=0))
        for row in self._rows.values():
            row.set_heading_width(width)

    def _order_tabs(self) -> None:
        """Reading order: the buttons stand between the basic knobs and the rest, but were made first."""
        for before, after in pairwise(self.tab_stops()):
            QWidget.setTabOrder(before, after)

    def tab_stops(self) -> list[QWidget]:
        """What Tab reaches here, in order."""
        basic, rest = [self._stops_of(layout) for layout in (self._basic, self._rest)]
        return [*basic, self._toggle, self._reset_all, *rest]

    def _stops_of(self, layout: QVBoxLayout) -> list[QWidget]:
        items = (layout.itemAt(i) for i in range(layout.count()))
        rows = [item.widget() for item in items if item is not None]
        return [stop for row in rows if isinstance(row, KnobRow) for stop in row.tab_stops()]

    def values(self) -> dict[str, Value]:
        """The value of every knob by name; where a text cannot be read, the one before (see `is_valid`)."""
        return {name: row.value() for name, row in self._rows.items()}

    def set_values(self, values: Mapping[str, Value]) -> None:
        """Show these values; knobs that are not named keep theirs, names without a knob are ignored.

        Raises
        ------
        InputError
            When a value lies outside its knob's bounds or choices.
        """
        with self._at_once():
            for name, value in values.items():
                if name in self._rows:
                    self._rows[name].set_value(value)

    def follow(self, label: str, value: Value) -> None:
        """Show a change that training made to the knob of this label; nothing is emitted.

        Raises
        ------
        InputError
            When the value lies outside its knob's bounds or choices.
        """
        for row in self._rows.values():
            if row.knob.label == label:
                row.follow(value)

    def choose(self, values: Mapping[str, Value]) -> None:
        """Take these values as the person's own choice: each that differs comes as `changed`. Locked ones stay.

        Raises
        ------
        InputError
            When a value lies outside its knob's bounds or choices.
        """
        for name, value in values.items():
            if name in self._rows and not self._rows[name].is_locked():
                self._rows[name].choose(value)

    def knob(self, name: str) -> Knob | None:
        """The knob of this name, if it is shown."""
        row = self._rows.get(name)
        return None if row is None else row.knob

    def defaults_are(self, values: Mapping[str, Value]) -> None:
        """What "changed" and "reset" refer to: the preset's values, the knob's own default for the others."""
        with self._at_once():
            for name, row in self._rows.items():
                row.set_baseline(values.get(name, row.knob.default))

    def set_running(self, running: bool) -> None:
        """While training, only live knobs can be changed."""
        self._running = running
        with self._at_once():
            for row in self._rows.values():
                row.set_running(running)

    def is_valid(self) -> bool:
        """Whether all fields can be read."""
        return self._valid

    def is_unfolded(self) -> bool:
        """Whether "All knobs" is open."""
        return self._toggle.isChecked()

    def set_unfolded(self, unfolded: bool) -> None:
        """Open or close "All knobs", without the signal."""
        self._toggle.setChecked(unfolded)
        self._unfold(unfolded)

    def _unfold(self, unfolded: bool) -> None:
        theme.set_icon(self._toggle, "chevron-down" if unfolded else "chevron-right", 16, "dim")
        self._more.setVisible(unfolded and self._rest.count() > 0)

    def _reset(self) -> None:
        for row in self._rows.values():
            if row.is_changed() and not row.is_locked():
                row.reset()

    @contextlib.contextmanager
    def _at_once(self) -> Iterator[None]:
        """Many rows change: look at them when all have."""
        self._many = True
        try:
            yield
        finally:
            self._many = False
            self._look()

    def _look(self) -> None:
        """Bring the buttons and the validity up to date with the rows."""
        if self._many:
            return
        rows = self._rows.values()
        hidden = [row for row in rows if not row.knob.basic]
        wrong, changed = sum(bool(r.error()) for r in hidden), sum(r.is_changed() for r in hidden)
        suffix = f" · {wrong} not valid" if wrong else f" · {changed} changed" if changed else ""
        self._toggle.setText(f"All knobs{suffix}")
        self._reset_all.setEnabled(any(row.is_changed() and not row.is_locked() for row in rows))
        valid = not any(row.error() for row in rows)
        if valid != self._valid:
            self._valid = valid
            self.validity_changed.emit(valid)


def _group_label(group: str) -> QLabel:
    label = QLabel(group)
    label.setProperty("role", "group")
    label.setContentsMargins(0, 8, 0, 0)
    return label
