"""Keeps a training sane: numbers that are not finite, and batches that do not fit into memory.

A bad step never reaches the weights (`players`), but the weights that lead to one bad step after the other are no
place to go on from: after five in a row training goes back to weights that were good, at half the learning rate.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from genstudio.core.errors import WorkError
from genstudio.core.events import Advice, Edited, Event, Note
from genstudio.engine import edits
from genstudio.engine.load import load_weights
from genstudio.engine.players import MovingAverage, Players, all_finite

if TYPE_CHECKING:
    from genstudio.engine.trainer import Trainer

EVERY = 8  # steps between looks at the numbers; by count and not by the clock, so that equal runs go back alike
IN_A_ROW = 5  # bad steps after which to go back
MOST_ROLLBACKS = 3  # without `FORGIVEN` good steps between them
FORGIVEN = 500
_SNAPSHOT_EVERY = 200  # steps; a copy of all weights costs about as much as a step
_LARGEST_SNAPSHOT = 512 << 20  # bytes; above, the newest checkpoint on the disk has to do
_QUIET = 500  # steps without a further note of skipped steps
_WINDOW, _MANY = 200, 50  # so many bad steps among so many, though never five in a row, are worth advice


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A copy of everything that a step changes, apart from random numbers and the place in the data."""

    step: int
    weights: Mapping[str, Tensor]
    ema: Mapping[str, Tensor] | None
    optimizers: Mapping[str, Tensor]


class Guard:
    """Looks at the losses and gradients of every step, some steps later, and acts when they are not finite.

    Parameters
    ----------
    trainer : Trainer
        Ready for its next step; a first copy of its weights is taken.
    state : mapping, optional
        What `state` gave in an earlier session. Copies of weights are not in it: a run that is stopped between a
        copy and a rollback goes back to where it was stopped instead.

    Attributes
    ----------
    given_up : bool
        True once going back did not help any more.
    """

    def __init__(self, trainer: Trainer, state: Mapping[str, int] | None = None) -> None:
        self._trainer = trainer
        self._waiting: list[list[Tensor]] = []  # losses and norms of steps that nobody looked at yet
        given = state or {}
        self._bad = given.get("bad", 0)  # bad steps in a row up to now
        self._rollbacks = given.get("rollbacks", 0)
        self._last_bad = given.get("last_bad", 0)
        self._noted = given.get("noted", -_QUIET)
        self.given_up = False
        self._recent: deque[bool] = deque(maxlen=_WINDOW)
        self._snapshots: deque[Snapshot] = deque(maxlen=2)
        self._keep_snapshot()

    def state(self) -> dict[str, int]:
        """Plain whole numbers for a checkpoint."""
        return {"bad": self._bad, "rollbacks": self._rollbacks, "last_bad": self._last_bad, "noted": self._noted}

    def see(self, numbers: list[Tensor]) -> None:
        """Note the losses and gradient norms of one step; they may still be on their way on the device."""
        self._waiting.append(numbers)

    def due(self) -> bool:
        """True every few steps, after which `check` may go back."""
        return self._trainer.step % EVERY == 0

    def check(self) -> Iterator[Event]:
        """Look at the steps since the last call, say what is wrong, go back to good weights when they are due.

        Raises
        ------
        WorkError
            When going back did not help several times; the weights from before are kept.
        """
        if self.given_up:  # what is good is saved without further ado
            return
        step = self._trainer.step
        good = self._good()
        self._recent.extend((~good).tolist())
        if not good.all():
            yield from self._note(step)
            last = int(np.flatnonzero(~good)[-1])
            self._last_bad = step - (len(good) - 1 - last)
        if self.due() and self._bad >= IN_A_ROW:
            yield from self.go_back()
        elif self.due() and not self._bad:
            if self._rollbacks and step - self._last_bad >= FORGIVEN:
                self._rollbacks = 0
            if step % _SNAPSHOT_EVERY == 0 and step - self._last_bad >= _SNAPSHOT_EVERY:
                self._keep_snapshot()
            if sum(self._recent) >= _MANY:
                self._recent.clear()
                yield self._advice(f"{_MANY} of the last {_WINDOW} steps gave no finite loss and were skipped.", True)

    def _good(self) -> np.ndarray:
        """For each waiting step whether all its numbers are finite: bool [K]; keeps count of those in a row."""
        steps, self._waiting = self._waiting, []
        if not steps:
            return np.ones(0, bool)
        flat = torch.stack([number.detach().float() for numbers in steps for number in numbers]).cpu().numpy()
        ends = np.cumsum([len(numbers) for numbers in steps])[:-1]
        good = np.array([bool(np.isfinite(part).all()) for part in np.split(flat, ends)])
        for one in good:
            self._bad = 0 if one else self._bad + 1
        return good

    def _note(self, step: int) -> Iterator[Note]:
        if step - self._noted < _QUIET:
            return
        self._noted = step
        yield self._trainer.note(
            "A loss or gradient was not a finite number: that step was skipped and the weights are untouched. "
            "If it happens again, lower the learning rate or clip the gradient."
        )

    # --- going back ----------------------------------------------------------------------------------

    def go_back(self) -> Iterator[Event]:
        """Take the newest good weights, and the ones before when those failed already; halve the learning rate."""
        trainer, bad = self._trainer, self._bad
        self._rollbacks += 1
        rate = trainer.model.config.learning_rate
        if self._rollbacks > MOST_ROLLBACKS:
            self.given_up = True
            raise WorkError(
                f"Training diverged: the last {bad} steps up to step {trainer.step:,} gave no finite loss. The "
                f"weights from before are kept. Start again with a learning rate below {rate:g}, or clip the "
                "gradient."
            )
        self._bad, self._last_bad = 0, trainer.step
        back = self._restore()
        yield from self._halve_rate(rate)
        where = f"the weights of step {back:,} were taken again" if back is not None else "the weights were kept"
        cause = f"{bad} steps in a row gave no finite loss" if bad else "The weights were no longer finite"
        yield self._advice(f"{cause}: {where}, and the learning rate was halved.", False)

    def _halve_rate(self, rate: float) -> Iterator[Edited]:
        low = next((k.low or 0.0 for k in self._trainer.model.config.knobs() if k.name == "learning_rate"), 0.0)
        event = edits.apply(self._trainer, "learning_rate", max(low, rate / 2))
        if event is not None:
            yield event

    def _advice(self, what: str, slower: bool) -> Advice:
        config = self._trainer.model.config
        remedy: dict[str, Any] = {}
        if slower:
            remedy["learning_rate"] = max(1e-7, config.learning_rate / 2)
        if config.clip_norm == 0 or config.clip_norm > 1:
            remedy["clip_norm"] = 1.0
        rest = " Clipping the gradient to a norm of 1 keeps single steps from jumping that far." if remedy else ""
        advice = Advice(self._trainer.step, "D01", "Numbers that are not finite", what + rest, remedy)
        return self._trainer.advise(advice)

    # --- copies --------------------------------------------------------------------------------------

    def _keep_snapshot(self) -> None:
        t = self._trainer
        ema = t.average.snapshot().state_dict() if t.average else None
        groups = [t.model.state_dict(), ema or {}, t.players.state()]
        if sum(v.nbytes for group in groups for v in group.values()) > _LARGEST_SNAPSHOT:
            return
        if all_finite({**groups[0], **groups[2]}):
            weights, averaged, optimizers = ({k: v.detach().clone() for k, v in group.items()} for group in groups)
            self._snapshots.append(Snapshot(t.step, weights, averaged if t.average else None, optimizers))

    def _restore(self) -> int | None:
        """The step whose weights are in place again; None when there were none to take."""
        trainer = self._trainer
        if self._snapshots:
            found = self._snapshots[-1]
            if len(self._snapshots) > 1:  # it may have been on its way to ruin already: next time the one before
                self._snapshots.pop()
        else:
            saved = trainer.run.load_checkpoint()
            if saved is None:
                return None
            tensors = {k: v for k, v in saved.training.items() if k != "rng"}
            found = Snapshot(saved.step, saved.weights, saved.ema, tensors)
        load_weights(trainer.model, found.weights)
        trainer.players = Players(trainer.model)
        trainer.players.load(found.optimizers)
        if trainer.average:
            trainer.average = MovingAverage(trainer.model, trainer.average.decay)
            load_weights(trainer.average.model, found.ema or found.weights)
        return found.step


# --- memory -------------------------------------------------------------------------------------------


def out_of_memory(error: BaseException) -> bool:
    """True for what Python, the processor's and the GPU's allocator raise when memory is used up."""
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or any(
        words in str(error) for words in ("allocate memory", "out of memory")
    )


def free_memory(model: torch.nn.Module) -> None:
    """Give back what a failed step left behind; call it outside of the ``except`` block, which holds it too."""
    for parameter in model.parameters():
        parameter.grad = None
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def explained(error: BaseException, batch: int) -> BaseException:
    """A failure of the machine in words; anything else as it is."""
    if not out_of_memory(error):
        return error
    return WorkError(
        f"There is not enough memory for this model, not even with a batch of {batch}: choose a smaller width or "
        "smaller pictures, or close other programs. What was saved before is kept."
    )
