"""Changes while training: each lands on a step boundary, is marked on the curve, and is kept in the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from genstudio.core.errors import InputError, WorkError
from genstudio.core.events import Edited, Note
from genstudio.core.mailbox import PACE
from genstudio.core.spec import TrainingConfig
from genstudio.engine.players import MovingAverage

if TYPE_CHECKING:
    from genstudio.engine.trainer import Trainer


def apply_all(trainer: Trainer, edits: Mapping[str, Any]) -> Iterator[Edited | Note]:
    """Apply live edits and requests; an edit out of bounds or not live becomes a note, and training goes on."""
    for name, value in edits.items():
        if name == PACE:
            trainer.plan.pace = float(value)
            continue
        try:
            event = apply(trainer, name, value)
        except (ValueError, WorkError) as error:
            yield Note(trainer.step, str(error))
            continue
        if event is not None:
            yield event


def apply(trainer: Trainer, name: str, value: Any) -> Edited | None:
    """Change a live knob; None when nothing changes. Raises `InputError` when it may not be changed."""
    shared = name in TrainingConfig.model_fields
    config = trainer.plan.training if shared else trainer.model.config
    knobs = {k.name: k for k in config.knobs()}
    if name not in knobs or not knobs[name].live:
        raise InputError(f"“{name}” cannot be changed while training.")
    old = getattr(config, name)
    if value == old:
        return None
    if shared:
        change_training(trainer, name, value)
    else:
        trainer.model.config = trainer.model.config.with_values({name: value})
        trainer.players.refresh(trainer.model)
        _refresh_average(trainer)
    return _marked(trainer, Edited(trainer.step, knobs[name].label, old, value))


def halve_batch(trainer: Trainer) -> list[Edited | Note]:
    """Go on with half the batch, for good: the run keeps it."""
    old = trainer.batches.size
    new = trainer.batches.size = old // 2
    change_training(trainer, "batch_size", new)
    event = _marked(trainer, Edited(trainer.step, "Batch", old, new))
    text = f"A batch of {old} did not fit into memory: training goes on with batches of {new}."
    return [event, trainer.note(text)]


def change_training(trainer: Trainer, name: str, value: Any) -> None:
    """Change a setting of the session, and keep it in the run: it is written with the next checkpoint."""
    training = trainer.plan.training = trainer.plan.training.with_values({name: value})
    if trainer.run.document is not None:
        trainer.run.document = trainer.run.document.model_copy(update={"training": training})


def _marked(trainer: Trainer, event: Edited) -> Edited:
    trainer.keeper.mark(event, trainer.watch.seconds)
    return event


def _refresh_average(trainer: Trainer) -> None:
    """Take over an edited decay; an average that is switched on begins with the weights as they are."""
    decay = trainer.model.config.ema
    if decay == 0:
        trainer.average = None
    elif trainer.average is None:
        trainer.average = MovingAverage(trainer.model, decay)
    else:
        trainer.average.decay = decay
