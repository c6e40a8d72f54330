"""Training for an equal budget, of wall time or of processor time: what `quality.py` and `modes.py` share."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import common

from genstudio.core.config import Value
from genstudio.core.errors import InputError
from genstudio.core.events import Progress
from genstudio.core.mailbox import Mailbox
from genstudio.core.spec import RunSpec, TrainingConfig
from genstudio.engine.run import Run
from genstudio.engine.train import train
from genstudio.models import families

_WARM_UP, _LOOK = 1.0, 6.0  # processor seconds that are not counted, and that are, when a step is timed


class NotThere(Exception):  # noqa: N818 - no error: this contender is left out, and the table says why
    """A family, preset or sampler that this version does not have."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is trained: a family by a preset, with some knobs changed; no preset is the defaults."""

    family: str
    preset: str = ""
    knobs: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished training and what it took."""

    run: Run
    steps: int
    wall: float
    cpu: float


def add_arguments(parser: argparse.ArgumentParser, out: str) -> None:
    """The flags that both scripts have, beside the budget itself."""
    parser.add_argument("--cpu", action="store_true", help="the budget is processor time of all threads, not time")
    parser.add_argument("--threads", type=int, default=2, help="threads of torch (%(default)s)")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each contender (%(default)s)")
    parser.add_argument("--precision", choices=("fp32", "bf16", "auto"), default="fp32", help="(%(default)s)")
    parser.add_argument("--out", type=Path, default=Path(out), help="results so far; what is in it is not done again")
    parser.add_argument("--runs", type=Path, help="keep the trained runs here")


def spec_of(recipe: Recipe, source: str, seed: int, args: argparse.Namespace) -> RunSpec:
    """The run, without an end; raises `NotThere` when this version has no such family or preset."""
    if recipe.family not in families:
        raise NotThere(f"there is no family “{recipe.family}”")
    presets = families.load(recipe.family).presets
    if recipe.preset and recipe.preset not in presets:
        raise NotThere(f"“{recipe.family}” has no preset “{recipe.preset}”, only {', '.join(presets) or 'none'}")
    preset = presets[recipe.preset] if recipe.preset else None
    fixed = {"steps": 0, "minutes": 0.0, "seed": seed, "threads": args.threads, "precision": args.precision}
    # pictures and checkpoints in between cost some families more than others, and nobody looks at them here
    fixed |= {"device": "cpu", "sample_every": 10_000_000, "checkpoint_every": 0}
    return RunSpec(
        family=recipe.family,
        data=source,
        preset=recipe.preset or None,
        knobs={**(preset.knobs if preset else {}), **recipe.knobs},
        training=TrainingConfig.parse({**(preset.training if preset else {}), **fixed}),
    )


def train_for(spec: RunSpec, seconds: float, cpu: bool, folder: Path) -> Trained:
    """Train for a budget: by the clock, or for as many steps as fit into so much processor time.

    The number of steps comes from a short training beforehand, which is thrown away: a schedule that ends with the
    training has to know its length.
    """
    if cpu:
        cost = _cost(spec, folder.with_name(f"{folder.name}-timed"))
        plan: dict[str, Any] = {"steps": max(1, round(seconds / cost))}
    else:
        plan = {"minutes": seconds / 60}
    spec = spec.model_copy(update={"training": spec.training.with_values(plan)})
    run, step = Run.create(folder), 0
    wall, begun = time.perf_counter(), time.process_time()
    for event in train(spec, run, Mailbox()):
        step = event.step if isinstance(event, Progress) else step
    return Trained(Run.open(folder), step, time.perf_counter() - wall, time.process_time() - begun)


def _cost(spec: RunSpec, folder: Path) -> float:
    """Processor seconds a step."""
    begun, first, step = time.process_time(), (0, 0.0), 0
    with contextlib.closing(train(spec, Run.create(folder), Mailbox())) as events:
        for event in events:
            if not isinstance(event, Progress):
                continue
            now, step = time.process_time() - begun, event.step
            if not first[0] and now > _WARM_UP and step:
                first = step, now
            elif first[0] and now > first[1] + _LOOK and step > first[0]:
                return (now - first[1]) / (step - first[0])
    raise InputError("The training ended before a step could be timed.")


# --- results ------------------------------------------------------------------------------------------


class Results:
    """Results by name in a JSON file that is written after each, so that an interrupted benchmark goes on."""

    def __init__(self, path: Path, settings: Mapping[str, Any]) -> None:
        self._path = path
        self.done: dict[str, dict[str, Any]] = {}
        if path.exists():
            found = json.loads(path.read_text(encoding="utf-8"))
            if found["settings"] != dict(settings):
                raise SystemExit(
                    f"“{path}” was measured with other settings, {found['settings']}: name another --out."
                )
            self.done = found["results"]
        self._head = {"settings": dict(settings), "machine": common.machine()}

    def add(self, name: str, result: dict[str, Any]) -> None:
        """Keep a result and write all of them."""
        self.done[name] = result
        text = json.dumps({**self._head, "results": self.done}, indent=1)
        draft = self._path.with_name(f"{self._path.name}.tmp-{os.getpid()}")
        draft.write_text(text, encoding="utf-8")
        draft.replace(self._path)

    def of(self, contender: str) -> dict[int, dict[str, Any]]:
        """The results of a contender by seed."""
        return {r["seed"]: r for r in self.done.values() if r["contender"] == contender}
