"""Small, real trainings for the tests of the engine: 8 x 8 digits, a few thousand parameters, milliseconds a step."""

import contextlib
import hashlib
from pathlib import Path

import numpy as np

from genstudio.core.events import Scalars
from genstudio.core.mailbox import Mailbox
from genstudio.core.spec import RunSpec, TrainingConfig
from genstudio.engine.run import Run
from genstudio.engine.train import train
from genstudio.models import families

TRAINING = {
    "steps": 20,
    "batch_size": 16,
    "checkpoint_every": 0,
    "sample_every": 1_000_000,
    "threads": 1,
    "precision": "fp32",
    "device": "cpu",
}
# of those that a family has; no schedule, because a resume often plans for more steps than the session before
KNOBS = {
    "network": "mlp", "width": 4, "latent_dim": 3, "schedule": "constant", "warmup": 0, "sampling_steps": 1,
    "heun": False,
}  # fmt: skip


def spec_of(family="vae", knobs=None, data="digits", **training):
    """A `RunSpec`; `knobs` and `training` change the tiny defaults."""
    fields = families.load(family).Config.model_fields if family in families else KNOBS
    return RunSpec(
        family=family,
        data=data,
        knobs={**{name: KNOBS[name] for name in KNOBS if name in fields}, **(knobs or {})},
        training=TrainingConfig.parse({**TRAINING, **training}),
    )


def drive(spec, run, mailbox=None, stop=None):
    """Train; the events in order.

    Parameters
    ----------
    run : Run or path
        A path is opened when there is a run, else created.
    stop : callable, optional
        Close the generator, which stops and saves, at the first event for which it is true.
    """
    run = run if isinstance(run, Run) else open_or_create(run)
    events = []
    with contextlib.closing(train(spec, run, mailbox or Mailbox())) as stream:
        for event in stream:
            events.append(event)
            if stop is not None and stop(event):
                break
    return events


def open_or_create(path):
    return Run.open(path) if (path / "run.json").exists() or (path / "checkpoints").exists() else Run.create(path)


def of(kind, events):
    return [event for event in events if isinstance(event, kind)]


def losses(events):
    """{step: {name: value}} of everything logged, gaps left out."""
    return {
        int(step): {name: float(v[row]) for name, v in event.values.items() if not np.isnan(v[row])}
        for event in of(Scalars, events)
        for row, step in enumerate(event.steps)
    }


def digest(tensors):
    """{name: sha256} of a mapping of tensors."""
    return {
        name: hashlib.sha256(np.ascontiguousarray(t.detach().cpu().numpy()).tobytes()).hexdigest()
        for name, t in tensors.items()
    }


def state_of(path):
    """Hashes of everything that a resume must bring back: weights, average, optimizer, random numbers, position."""
    saved = Run.open(Path(path)).load_checkpoint()
    return {
        "step": saved.step,
        "position": saved.state["position"],
        "knobs": saved.state["knobs"],
        "weights": digest(saved.weights),
        "ema": digest(saved.ema or {}),
        "training": digest(saved.training),
    }


def names(folder):
    """Names in a folder, sorted; empty when it is not there."""
    return sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []


def leftovers(path):
    """Temporary files anywhere below `path`."""
    return sorted(str(p.relative_to(path)) for p in path.rglob("*.tmp-*"))
