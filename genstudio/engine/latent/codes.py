"""The codes of a data set, or codes as a model draws them itself: what a map of a latent space is made of."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from genstudio.core.errors import InputError, WorkError
from genstudio.core.words import duration
from genstudio.data import Dataset
from genstudio.engine import use
from genstudio.engine.latent.explorer import Explorer, Images
from genstudio.engine.latent.place import NO_LABEL, Floats
from genstudio.models.capabilities import Velocity

Rows = NDArray[np.int64]

MOST = 100_000  # codes of a map
FIRST = 1_000  # codes that a first map is shown of
_GROWTH = 1.5  # how many times more codes make a new map worth while
_CHUNKS = (4, 256)  # fewest and most pictures of one pass: a single one costs a flow twice as much as one of four
_BEGIN = 32  # pictures of the first pass, which also warms up
_PASS = 0.012  # seconds that one pass should take: encoding and decoding are one each
_WATCHED = 4  # passes that the speed is measured over
_FEWEST = 250  # codes that are made however long they take
_SECONDS = 600.0  # for all codes
_SECONDS_BY_PATHS = 60.0  # for models that follow a path from each picture to its code


@dataclass(frozen=True, eq=False)
class Codes:
    """Codes and what is known of each.

    Attributes
    ----------
    codes : float32 [N, D]
    rows : int64 [N]
        Row of the data set of each; for sampled ones their own number.
    labels : int64 [N] or None
        Index into `label_names`: those of the data, or those that sampled codes are to be drawn with; -1 for none.
    label_names : tuple of str
    losses : float32 [N] or None
        Mean squared error per pixel, in 0..1, between a picture and what its code draws.
    sampled : bool
        Whether they are drawn by the model itself and belong to no data.
    step : int
        Steps that the model had been trained.
    fingerprint : str
        Hash of its weights.
    total : int
        How many there will be; N in the last one of a stream.
    note : str
        What a person should know, a sentence; empty for nothing.
    """

    codes: Floats
    rows: Rows
    labels: Rows | None
    label_names: tuple[str, ...]
    losses: Floats | None
    sampled: bool
    step: int
    fingerprint: str
    total: int
    note: str = ""

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def whole(self) -> bool:
        """Whether these are all that there will be."""
        return len(self.codes) == self.total

    def name_of(self, row: int) -> str | None:
        """The label of a code; None without one."""
        label = NO_LABEL if self.labels is None else int(self.labels[row])
        return self.label_names[label] if label >= 0 else None

    def names_of(self, rows: Rows) -> list[str | None]:
        """The labels of some codes."""
        return [self.name_of(int(row)) for row in rows]

    def take(self, rows: Rows) -> Codes:
        """Some of them: rows of these arrays, int64 [n]."""
        labels = None if self.labels is None else self.labels[rows]
        losses = None if self.losses is None else self.losses[rows]
        return replace(self, codes=self.codes[rows], rows=self.rows[rows], labels=labels, losses=losses)

    @cached_property
    def mean(self) -> Floats:
        """Of each dimension: float32 [D]."""
        return self.codes.mean(0, dtype=np.float64).astype(np.float32)

    @cached_property
    def std(self) -> Floats:
        """Standard deviation of each dimension: float32 [D]."""
        return self.codes.std(0, dtype=np.float64).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is.

    Attributes
    ----------
    done, total : int
        Codes.
    note : str
        A sentence; empty for nothing.
    """

    done: int
    total: int
    note: str = ""


def order_of(count: int, most: int, seed: int) -> Rows:
    """Rows in the order in which they are encoded: int64 [min(count, most)], any beginning of it a fair sample."""
    return np.random.default_rng(seed).permutation(count)[:most].astype(np.int64)


def encode_all(
    explorer: Explorer,
    data: Dataset,
    most: int = MOST,
    seed: int = 0,
    seconds: float | None = None,
    first: int = FIRST,
) -> Iterator[Codes | Progress]:
    """The codes of a data set, in a random order and bit by bit, for families with an encoder.

    Passes are short, about 12 ms where the model is quick enough for that, so that other work can come between two
    items. Growing codes come after the first ones and whenever there are half as many more; the last item is all of
    them.

    Parameters
    ----------
    most : int
        Encode no more than that.
    seconds : float or None
        Of computing, for all; when it would take longer fewer are encoded, and `note` says so. None for 10 minutes,
        or 1 minute where each code is the end of a path of many passes (flows).
    first : int
        Codes that a first map is worth while with.

    Raises
    ------
    InputError
        When the model has no encoder, or the data no pictures of its shape.
    WorkError
        When the model gives codes that are not finite.
    """
    if not explorer.can_encode:
        raise InputError(f"A model of the family “{explorer.trained.document.family}” has no encoder.")
    use.check_fits(explorer.trained, data)
    if seconds is None:
        seconds = _SECONDS_BY_PATHS if isinstance(explorer.trained.model, Velocity) else _SECONDS
    work = _Encoding(explorer, data, order_of(len(data), max(1, most), seed), seconds)
    shown = 0
    while work.done < work.total:
        yield from work.step()
        enough = work.done >= max(first, _GROWTH * shown)
        if work.done == work.total or enough:
            shown = work.done
            yield work.so_far()


class _Encoding:
    """One data set on its way through a model.

    Attributes
    ----------
    done, total : int
        Codes.
    """

    def __init__(self, explorer: Explorer, data: Dataset, order: Rows, seconds: float) -> None:
        self._explorer, self._data, self._order, self._seconds = explorer, data, order, seconds
        self._pace = _Pace()
        self._given = _labels_to_draw_with(explorer, data)
        self._codes: list[Floats] = []
        self._losses: list[Floats] = []
        self.done, self.total, self._note = 0, len(order), ""

    def step(self) -> Iterator[Progress]:
        """One pass to codes and one back to pictures."""
        rows = self._order[self.done : min(self.done + self._pace.chunk, self.total)]
        images = np.ascontiguousarray(self._data.images[rows])
        labels = NO_LABEL if self._given is None else self._given[rows]
        begin = time.perf_counter()
        codes = self._explorer.encode(images, labels)
        check_codes(codes)
        spent = time.perf_counter() - begin
        yield Progress(self.done, self.total, self._note)
        begin = time.perf_counter()
        again = self._explorer.draw(codes, labels)
        spent += time.perf_counter() - begin
        self._codes.append(codes)
        self._losses.append(squared_errors(images, again))
        self.done += len(rows)
        if self._pace.add(len(rows), spent):
            self._bound()
        yield Progress(self.done, self.total, self._note)

    def _bound(self) -> None:
        """Lower the number of codes, once the speed is known, so that all are made within the time."""
        possible = int(self._seconds / self._pace.seconds_each)
        bounded = max(self.done, min(self.total, max(possible, _FEWEST)))
        if bounded < self.total:
            self._note = (
                f"{bounded:,} of {len(self._data):,} pictures, chosen at random, are on the map: all of them would "
                f"take this model {duration(self._pace.seconds_each * self.total)}."
            )
            self.total = bounded

    def so_far(self) -> Codes:
        """All codes that are there."""
        self._codes, self._losses = [np.concatenate(self._codes)], [np.concatenate(self._losses)]
        rows = self._order[: self.done]
        return codes_of_rows(
            self._explorer, self._data, rows, self._codes[0], self._losses[0], self.total, self._note
        )  # fmt: skip


class _Pace:
    """How many pictures fit into one pass, by how long the passes before took."""

    def __init__(self) -> None:
        self.chunk = _BEGIN
        self.seconds_each = 0.0
        self._passes = 0
        self._count, self._spent = 0, 0.0

    def add(self, count: int, seconds: float) -> bool:
        """Learn from a pass there and back; True once, when the speed is known well enough."""
        fit = int(self.chunk * 2 * _PASS / max(seconds, 1e-6))
        # by doubling at most: the first pass of a size is slower than the ones after it
        self.chunk = max(_CHUNKS[0], min(_CHUNKS[1], fit, 2 * self.chunk))
        self._passes += 1
        if 1 < self._passes <= _WATCHED + 1:  # the first one warms up
            self._count, self._spent = self._count + count, self._spent + seconds
            self.seconds_each = max(self._spent / self._count, 1e-9)
        return self._passes == _WATCHED + 1


def codes_of_rows(
    explorer: Explorer, data: Dataset, rows: Rows, codes: Floats, losses: Floats, total: int, note: str
) -> Codes:
    """Codes of rows of a data set, with the labels that it gives them."""
    labels = None if data.labels is None else data.labels[rows].astype(np.int64)
    return Codes(
        codes, rows, labels, tuple(data.label_names) if labels is not None else (), losses, False,
        explorer.step, explorer.fingerprint(), total, note,
    )  # fmt: skip


def _labels_to_draw_with(explorer: Explorer, data: Dataset) -> Rows | None:
    """The labels of all rows as a model by label knows them: int64 [N], -1 for others; None when there are none."""
    given = use.labels_of(explorer.trained, data, slice(None))
    return None if given is None or not explorer.labels else given.cpu().numpy()


def sample_all(explorer: Explorer, count: int = MOST, seed: int = 0, part: int = 8_192) -> Iterator[Codes | Progress]:
    """Codes as the model draws them itself, for families without an encoder; the same seed gives the same ones.

    Their pictures are drawn by whoever needs them. With another `count` the beginning is the same. For models by
    label each class comes in turn. Raises `InputError` for a count below 1, `WorkError` for numbers not finite.
    """
    if count < 1:
        raise InputError(f"The number of codes is at least 1, not {count}.")
    parts: list[Floats] = []
    for i, start in enumerate(range(0, count, part)):
        # always whole parts: torch draws other numbers for another size
        drawn = explorer.random(part, int(np.random.SeedSequence([seed, i]).generate_state(1)[0]))
        check_codes(drawn)
        parts.append(drawn[: count - start])
        yield Progress(min(start + part, count), count)
    rows = np.arange(count, dtype=np.int64)
    labels = rows % len(explorer.labels) if explorer.labels else None
    codes = np.concatenate(parts)
    yield Codes(codes, rows, labels, explorer.labels, None, True, explorer.step, explorer.fingerprint(), count)


def squared_errors(images: Images, again: Images) -> Floats:
    """Mean squared error per pixel of pictures uint8 [N, H, W, C], taken as 0..1: float32 [N]."""
    differences = (images.astype(np.float32) - again.astype(np.float32)).reshape(len(images), -1)
    return (np.square(differences).mean(1) / 255**2).astype(np.float32)


def check_codes(codes: Floats) -> None:
    """Raise `WorkError` for codes of a model that are not finite."""
    if not np.isfinite(codes).all():
        raise WorkError("The model gives codes that are not finite, its training has diverged: use an earlier step.")
