"""A copy of a model that is being trained, for those who look at it meanwhile."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from genstudio.engine.load import Trained

if TYPE_CHECKING:
    from genstudio.engine.trainer import Trainer


def snapshot(trainer: Trainer) -> Trained:
    """The averaged weights as they are now, or the current ones of a training without average.

    To be called in the thread that trains, between two steps; the copy may then be used in any one thread. Nothing
    of the training is changed by it.
    """
    document, average = trainer.run.document, trainer.average
    assert document is not None  # a training that takes steps has one
    model = copy.deepcopy(average.snapshot() if average else trainer.model)
    model.eval().requires_grad_(False)
    return Trained(model, document, trainer.machine, trainer.step, "EMA" if average else "raw")
