"""What each dimension of a latent space does: how much data it carries, and how much of the picture it changes."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from genstudio.core.errors import InputError, WorkError
from genstudio.engine.latent.explorer import Explorer, Images, Labels
from genstudio.engine.latent.place import NO_LABEL, Floats, Place
from genstudio.models.capabilities import Posterior
from genstudio.models.losses import kl_to_standard_normal

T = TypeVar("T", bound=np.generic)
DEAD_KL = 0.01  # nats: less than that the posterior says nothing about the item
DEAD_EFFECT = 0.1  # % of the pixel range: a quarter of a grey level, which nobody sees
_BASES = (16, 4, 2)  # codes at which a move is tried: fewer where drawing is slow
_TURN = 0.03  # seconds of work between two yields, where a model can be as fast
_SECONDS = 4.0  # of work for all effects together
_REACH = 3.0  # standard deviations that a slider goes to either side
_MOST_IMAGES, _MOST_CODES = 1024, 20_000  # enough for means that differ by a few per cent
_CHUNK = 64


@dataclass(frozen=True, slots=True, eq=False)
class Dimensions:
    """What was measured of D dimensions.

    Attributes
    ----------
    kl : float32 [D] or None
        Nats, mean over the pictures: divergence of the posterior from the prior; None for a model without posterior.
    mean, std : float32 [D]
        Of the codes.
    effect : float32 [D]
        Root mean squared change of the pixels between −1 σ and +1 σ, in % of their range; NaN where not measured.
    low, high : float32 [D]
        The range that is worth walking: mean ± 3 σ; of a dead dimension 3 σ of the prior or of the widest dimension.
    order : int64 [D]
        All dimensions: the largest effect first, then those not measured, the dead ones last.
    dead : bool [D]
        Carries nothing: a KL below 0.01 nats, or an effect below 0.1 %.
    note : str
        What was left out because it would take too long; empty when nothing was.
    """

    kl: Floats | None
    mean: Floats
    std: Floats
    effect: Floats
    low: Floats
    high: Floats
    order: NDArray[np.int64]
    dead: NDArray[np.bool_]
    note: str = ""


def measure(
    explorer: Explorer,
    codes: Floats,
    images: Images | None = None,
    labels: Labels = NO_LABEL,
    image_labels: Labels = NO_LABEL,
    seconds: float = _SECONDS,
) -> Iterator[float | Dimensions]:
    """What each dimension does: how far it has come, 0..1, again and again, and at last the `Dimensions`.

    Parameters
    ----------
    codes : float32 [N, D]
        Of the data, or drawn by a model without encoder.
    images : uint8 [n, H, W, C], optional
        Data that the KL is the mean over; at most 1,024 of them are looked at.
    labels, image_labels : int or int64 [N], [n]
        For models by label.
    seconds : float
        Work that the effects may take. Where drawing is slow fewer base codes are tried, and then not all dimensions.

    Raises
    ------
    InputError
        When there are fewer than 2 codes, or they are of another model, or not finite.
    WorkError
        When the model's weights are not finite.
    """
    check_codes(codes, explorer.size)
    check_weights(explorer)
    kl = yield from _divergences(explorer, images, image_labels)
    some = thinned(codes, _MOST_CODES)
    mean, std = some.mean(0, dtype=np.float64), some.std(0, dtype=np.float64)
    probe = Probe(explorer, codes, labels, explorer.size, seconds)
    yield 0.3
    effect = np.full(explorer.size, np.nan, np.float32)
    first = np.argsort(-(std if kl is None else kl), kind="stable")[: probe.most]
    for done, dimension in enumerate(first):
        low, high = probe.bases.copy(), probe.bases.copy()
        low[:, dimension] = mean[dimension] - std[dimension]
        high[:, dimension] = mean[dimension] + std[dimension]
        effect[dimension] = probe.effect(low, high)
        yield 0.3 + 0.7 * (done + 1) / len(first)
    yield _summary(kl, mean, std, effect, probe.note("dimensions"))


def traversal(
    explorer: Explorer, place: Place, dims: Sequence[int] | NDArray[np.int64], low: Floats, high: Floats, steps: int
) -> Iterator[tuple[int, Images]]:
    """Walk along one dimension after the other from a place, the others held: (row, uint8 [steps, H, W, C]).

    Parameters
    ----------
    dims : of int
        Dimensions, one a row.
    low, high : float32 [D]
        Where each dimension begins and ends.
    steps : int
        Pictures in a row, at least 2.

    Raises
    ------
    InputError
        When a dimension is not one of the model's, or there are fewer than 2 steps.
    """
    if steps < 2:
        raise InputError(f"A traversal has at least 2 pictures a row, not {steps}.")
    for row, dimension in enumerate(dims):
        if not 0 <= dimension < explorer.size:
            raise InputError(f"There is no dimension {dimension + 1:,}: this model has 1 to {explorer.size:,}.")
        codes = np.repeat(np.asarray(place.code, np.float32)[None], steps, 0)
        codes[:, dimension] = np.linspace(low[dimension], high[dimension], steps)
        yield row, explorer.draw(codes, place.label)


class Probe:
    """How much moves of a code change the picture, tried at the same few codes each time.

    Parameters
    ----------
    codes : float32 [N, D]
        At most 16 of them, evenly spread over the rows, are the base codes.
    moves : int
        Moves that one wants to try.
    seconds : float
        Work that all of them may take.

    Attributes
    ----------
    bases : float32 [K, D]
    most : int
        Moves that there is time for; at least 1.
    """

    def __init__(self, explorer: Explorer, codes: Floats, labels: Labels, moves: int, seconds: float) -> None:
        self._explorer, self._moves = explorer, moves
        each = self._seconds_each(codes, labels)
        fits = (k for k in _BASES[:-1] if 2 * k * each <= _TURN and moves * 2 * k * each <= seconds)
        self._wanted = next(fits, _BASES[-1])
        rows = np.unique(np.linspace(0, len(codes) - 1, self._wanted).round().astype(np.int64))
        self.bases = np.array(codes[rows], np.float32)
        kept = labels if isinstance(labels, int) else labels[rows]
        self._labels = kept if isinstance(kept, int) else np.concatenate([kept, kept])
        self.most = max(1, min(moves, int(seconds / (2 * len(rows) * each))))

    def _seconds_each(self, codes: Floats, labels: Labels) -> float:
        few = thinned(codes, 4)
        given = labels if isinstance(labels, int) else thinned(labels, 4)
        self._explorer.draw(few[:1], given if isinstance(given, int) else given[:1])  # the first time takes longer
        begin, best = time.perf_counter(), float("inf")
        for _ in range(3):  # the fastest: others may be at work here
            start = time.perf_counter()
            self._explorer.draw(few, given)
            best = min(best, time.perf_counter() - start)
            if time.perf_counter() - begin > _TURN:
                break
        return best / len(few)

    def effect(self, low: Floats, high: Floats) -> float:
        """Root mean squared change of pixels between codes [K, D] and codes [K, D], in % of their range."""
        drawn = self._explorer.draw(np.concatenate([low, high]), self._labels).astype(np.float32)
        change = drawn[len(low) :] - drawn[: len(low)]
        return float(np.sqrt(np.square(change).mean(dtype=np.float64))) / 2.55

    def note(self, what: str) -> str:
        """A sentence about what there was no time for; empty without."""
        if self._wanted == _BASES[0]:
            return ""
        part = f", of {self.most:,} of the {self._moves:,} {what}" if self.most < self._moves else ""
        return f"Effects are measured at {len(self.bases)} codes only{part}: this model draws slowly."


def thinned(rows: NDArray[T], most: int) -> NDArray[T]:
    """At most so many rows, evenly spread."""
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).round().astype(np.int64)]


def check_codes(codes: Floats, size: int, least: int = 2) -> None:
    """Raise `InputError` for codes that are too few to measure a spread, of another size, or not finite."""
    if codes.ndim != 2 or codes.shape[1] != size:
        raise InputError(
            f"A code of this model has {size:,} numbers, not {list(codes.shape[1:])}: it is of another model."
        )
    if len(codes) < least:
        are = "is 1" if len(codes) == 1 else f"are {len(codes)}"
        raise InputError(f"At least {least} codes are needed to see how they spread, there {are}: encode more items.")
    if not np.isfinite(codes).all():
        raise InputError("The codes hold numbers that are not finite: open an earlier checkpoint and encode again.")


def check_weights(explorer: Explorer) -> None:
    """Raise `WorkError` for a model whose weights are not finite: whatever it draws means nothing."""
    if not all(bool(weight.isfinite().all()) for weight in explorer.trained.model.parameters()):
        raise WorkError(
            f"The weights of step {explorer.step:,} hold numbers that are not finite: open an earlier checkpoint."
        )


def _divergences(explorer: Explorer, images: Images | None, labels: Labels) -> Generator[float, None, Floats | None]:
    """KL of each dimension, float32 [D] nats, mean over the images; None for a model without posterior."""
    if images is None or not len(images):
        return None
    explorer.check_shape(images)
    rows = thinned(np.arange(len(images)), _MOST_IMAGES)
    total = np.zeros(explorer.size)
    for start in range(0, len(rows), _CHUNK):
        part = rows[start : start + _CHUNK]
        given = labels if isinstance(labels, int) else labels[part]
        each = _divergence(explorer, np.asarray(images[part]), given)
        if each is None:
            return None
        total += len(part) * each
        yield 0.3 * min(1.0, (start + _CHUNK) / len(rows))
    return (total / len(rows)).astype(np.float32)


@torch.no_grad()
def _divergence(explorer: Explorer, images: Images, labels: Labels) -> Floats | None:
    model = explorer.trained.model
    if not isinstance(model, Posterior):
        return None
    found = model.posterior(explorer.unit(images), explorer.label_row(labels, len(images)))
    return None if found is None else kl_to_standard_normal(*found).cpu().numpy()


def _summary(kl: Floats | None, mean: NDArray, std: NDArray, effect: Floats, note: str) -> Dimensions:
    measured = np.isfinite(effect)
    dead = measured & (effect < DEAD_EFFECT)
    if kl is not None:
        dead |= kl < DEAD_KL
    widest = float(std.max()) if kl is None else 1.0  # the prior's
    # a dead dimension hardly moves in the data: its slider goes as far as the others, and shows that nothing happens
    reach = _REACH * np.where(dead | (std < 0.05 * widest), widest or 1.0, std)
    order = np.lexsort((-(std if kl is None else kl), -np.where(measured, effect, 0.0), ~measured, dead))
    low, high, mean, std = (a.astype(np.float32) for a in (mean - reach, mean + reach, mean, std))
    return Dimensions(kl, mean, std, effect, low, high, order.astype(np.int64), dead, note)
