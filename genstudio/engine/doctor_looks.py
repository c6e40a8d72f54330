"""Looks at the model while it trains: scores for curves and patience, signs for the doctor.

A look draws from generators of its own and changes nothing. With `check_every` it comes by steps, so that patience
stops equal runs alike; without it by the clock, at 1.5 % of the time, for the doctor alone.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from genstudio.core.errors import InputError
from genstudio.core.events import Curve, Event, Scalars
from genstudio.data import Dataset, open_source
from genstudio.data.batches import to_unit
from genstudio.engine.doctor import Doctor
from genstudio.engine.score import CURVES, LiveScore, Patience, undisturbed, watched
from genstudio.models.base import Critic, Decodes, Encodes, GenerativeModel, Samples

if TYPE_CHECKING:
    from genstudio.engine.trainer import Trainer

_USUAL = 250  # steps between checks when only patience was asked for
_FIRST, _LEAST, _SHARE = 2.0, 3.0, 66.0  # seconds before the first look and between looks, and over its cost
_FEW = 512  # samples of a look by the clock
_SHOWN = 32  # items whose drawing is looked at
_POINTS, _NEAR = 1024, 0.15  # points, and standard deviations that count as near

#: What checks add to the curves of a family; a model has those that it can be measured by.
SCORES = tuple(Curve(f"score_{c.name}", f"score: {c.label}", c.unit) for c in CURVES)


class Looks:
    """When to look, what at, and what to say.

    Attributes
    ----------
    stopped : bool
        True once patience is over.
    """

    def __init__(self, trainer: Trainer, state: dict[str, Any] | None = None) -> None:
        self._trainer = trainer
        wanted = trainer.plan.training
        self._every = wanted.check_every or (_USUAL if wanted.patience else 0)
        self._patience = Patience(0, looks=wanted.patience) if wanted.patience else None
        if self._patience and state is not None:
            self._patience = Patience.of({**state, "steps": 0, "looks": wanted.patience})
            if self._patience.worse >= wanted.patience:  # who goes on after that wants it to have another chance
                self._patience.worse = 0
        self.doctor = Doctor(trainer.model)
        self.stopped = False
        self._broken = False
        self._due_at = time.monotonic() + _FIRST

    @property
    def curves(self) -> tuple[Curve, ...]:
        """Curves of scores, when there are checks."""
        return SCORES if self._every else ()

    def state(self) -> dict[str, Any] | None:
        """Plain values for a checkpoint: patience with the best score so far."""
        return self._patience.state() if self._patience else None

    def due(self) -> bool:
        if self._broken:
            return False
        return self._trainer.step % self._every == 0 if self._every else time.monotonic() >= self._due_at

    def read(self, scalars: Scalars) -> Iterator[Event]:
        """Let the doctor see new rows of the curves."""
        t = self._trainer
        for advice in self.doctor.look(t.step, scalars, batch=t.batches.size):
            yield t.advise(advice)

    def look(self) -> Iterator[Event]:
        """Measure the model as it is shown, tell scores and advice, and whether patience is over."""
        t, begin = self._trainer, time.monotonic()
        shown = t.average.snapshot() if t.average else t.model
        try:
            wants = self._every or isinstance(shown, Critic)
            scores = self._score.measure(shown) if wants else {}
            signs = {**scores, **self._signs(shown)}
        except Exception as error:  # like pictures: a comfort, and no reason to stop
            self._broken = True
            yield t.note(f"The scores of step {t.step:,} could not be measured: {error}. Training goes on without.")
            return
        self._due_at = time.monotonic() + max(_LEAST, _SHARE * (time.monotonic() - begin))
        if self._every and scores:
            values = {f"score_{name}": np.array([value]) for name, value in scores.items()}
            event = Scalars(np.array([t.step], np.int64), t.watch.seconds, values)
            t.keeper.scalars(event)
            yield event
        for advice in self.doctor.look(t.step, signs=signs, batch=t.batches.size):
            yield t.advise(advice)
        yield from self._be_patient(scores)

    def _be_patient(self, scores: dict[str, float]) -> Iterator[Event]:
        name, patience = watched(scores), self._patience
        if patience is None or name is None or not patience.update(scores[name], self._trainer.step):
            return
        self.stopped = True
        label = next(c.label for c in CURVES if c.name == name)
        checks = f"{patience.worse:,} checks" if patience.worse > 1 else "one check"
        yield self._trainer.note(
            f"Training ends here: the {label} has not improved for {checks}. It was best at step "
            f"{patience.best_step:,}, with {patience.best:.4g}."
        )

    # --- measuring -----------------------------------------------------------------------------------

    @cached_property
    def _score(self) -> LiveScore:
        """Made at the first look: whoever trains for a second needs none."""
        t = self._trainer
        few = {} if self._every else {"samples": _FEW}
        return LiveScore(t.data, t.spec.training.seed, t.machine, self._held_out(), **few)

    def _held_out(self) -> Dataset | None:
        t = self._trainer
        if not self._every or not t.data.splits.get("validation"):
            return None
        shape = t.data.shape if len(t.data.images) else None
        try:
            return open_source(t.spec.data, "validation", t.spec.preparation, shape=shape)
        except InputError:
            return None

    def _signs(self, model: GenerativeModel) -> dict[str, float]:
        """Mean and standard deviation of all pixels of some reconstructions, or of some samples.

        Of points "reached": the share of real ones with a sample nearer than 0.15 standard deviations of the data.
        """
        with undisturbed(model):
            drawn = self._drawn(model)
        if drawn is None:
            return {}
        if model.facts.modality == "points":
            distance = torch.cdist(self._items[0], drawn).amin(1)
            return {"reached": float((distance < _NEAR * model.facts.std).float().mean())}
        return {"output_std": float(drawn.std()), "output_mean": float(drawn.mean())}

    def _drawn(self, model: Any) -> torch.Tensor | None:
        items, labels = self._items
        points = model.facts.modality == "points"
        if not points and isinstance(model, Encodes) and isinstance(model, Decodes):
            return model.decode(model.encode(items, labels), labels).float()
        if points and not isinstance(model, Critic):  # only rows about critics ask for it
            return None
        if isinstance(model, Samples):
            count = _POINTS if points else _SHOWN
            noise = torch.randn(count, model.latent_dim, generator=torch.Generator().manual_seed(0))
            return model.sample(noise.to(items.device), model.label_row(count)).float()  # pyright: ignore
        return None

    @cached_property
    def _items(self) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Some training items, the same ones each time, and their labels."""
        data, device = self._trainer.data, self._trainer.machine.device
        count = _SHOWN if len(data.images) else _POINTS
        rows = np.unique(np.linspace(0, len(data) - 1, num=min(count, len(data)), dtype=np.int64))
        labels = None if data.labels is None else torch.from_numpy(data.labels[rows]).to(device)
        items = torch.from_numpy(data.need_items()[rows])
        return (to_unit(items, device) if len(data.images) else items.to(device)), labels
