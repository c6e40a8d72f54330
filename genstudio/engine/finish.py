"""What is done once a training has finished: a latent sampler, where the settings ask for one, and its pictures."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import numpy as np

from genstudio.core.errors import Cancelled, GenStudioError
from genstudio.core.events import Event, Gallery, Note
from genstudio.core.mailbox import Mailbox
from genstudio.core.spec import RunSpec
from genstudio.data.items import Watch, unwatched
from genstudio.engine import latent_sampler, use
from genstudio.engine.latent_sampler import Kind
from genstudio.engine.load import load_trained
from genstudio.engine.run import Run
from genstudio.engine.train import train

_SAMPLES = 64


def train_and_fit(spec: RunSpec, run: Run, mailbox: Mailbox, watch: Watch = unwatched) -> Generator[Event]:
    """`train`, then what the setting `fit_sampler` asks for; yields and raises as `train` does."""
    yield from train(spec, run, mailbox, watch)
    yield from after_training(run, spec, watch)


def after_training(run: Run, spec: RunSpec, watch: Watch = unwatched) -> Iterator[Event]:
    """Fit the latent sampler that the settings ask for once a training has finished, and draw with it.

    A fit that is cancelled or fails is told in a note: the training is kept as it is.
    """
    kind = spec.training.fit_sampler
    if kind == "none" or run.state() != "finished" or not latent_sampler.can_fit(spec.family):
        return
    step = run.document.step if run.document else 0
    try:
        drawn = fit_and_draw(run, kind, watch, spec.training.seed)
        if drawn is not None:
            yield drawn
    except Cancelled:
        yield Note(step, "No latent sampler was fitted; “Fit latent sampler” or “genstudio sample” does it later.")
    except GenStudioError as error:
        yield Note(step, f"No latent sampler was fitted: {error} The training itself is kept.")


def fit_and_draw(run: Run, kind: Kind, watch: Watch = unwatched, seed: int = 0) -> Gallery | None:
    """Fit a sampler to the codes of a run, draw pictures with it, keep both in the run.

    Returns
    -------
    Gallery or None
        64 pictures of the slot "fitted"; None for points.

    Raises
    ------
    InputError, WorkError, Cancelled
        As `latent_sampler.fit` does.
    """
    sampler = latent_sampler.fit(run, kind, watch, seed)
    trained = load_trained(run)
    drawn = use.sample(trained, _SAMPLES, seed, sampler=sampler)
    if drawn.ndim != 4:
        return None
    gallery = Gallery("fitted", trained.step, drawn.astype(np.uint8, copy=False), caption=sampler.caption)
    run.save_gallery(gallery)
    return gallery
