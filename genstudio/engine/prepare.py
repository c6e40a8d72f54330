"""What has to be right before the first step: the data, the machine, a first ``run.json``."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from genstudio.core.config import Value
from genstudio.core.errors import InputError
from genstudio.core.events import Curve
from genstudio.core.spec import RunSpec
from genstudio.data import Dataset
from genstudio.engine import device
from genstudio.engine.checkpoint import Checkpoint
from genstudio.engine.document import DataFacts, MachineFacts, new_document, versions
from genstudio.engine.run import Run
from genstudio.models.base import Facts

_MOST_LABELS = 10_000
_ENOUGH = 5_000  # items that a standard deviation is taken of
_FEW_LEFT_OUT = 0.01  # share of files, a licence among them perhaps, that is not worth a word


def check_data(run: Run, data: Dataset) -> None:
    """A run goes on with the data it began with, or not at all; raises `InputError`."""
    if run.document is None:
        return
    facts = run.document.data
    if data.fingerprint() != facts.fingerprint:
        raise InputError(
            f"The data at “{facts.source}” is not what this run was trained on ({len(data):,} items now, "
            f"{facts.count:,} then, or other content): put the old data back, or start a new run."
        )


def say_what_is_left_out(run: Run, data: Dataset) -> None:
    """Note what a person should know of the data before training on it for hours."""
    run.notes.extend(data.notes)
    count = len(data.rejected)
    if count > _FEW_LEFT_OUT * len(data):
        run.notes.append(
            f"{count:,} files in “{data.source}” cannot be used and are left out; "
            f"{len(data):,} items are trained on. The Data page and “genstudio data” say why."
        )


def knobs(run: Run, spec: RunSpec, saved: Checkpoint | None) -> dict[str, Value]:
    """Settings to begin or go on with: as the checkpoint has them, and edited after it where the run says so."""
    if saved is None:
        return spec.knobs
    document = run.document
    edited = document is not None and document.step == saved.step
    return document.knobs if document is not None and edited else saved.state["knobs"]


def choose_machine(run: Run, spec: RunSpec, allows_bf16: bool) -> device.Machine:
    """Device, threads and precision: as asked for, else as the run had them, so that sums keep their order."""
    wanted = spec.training
    if run.document is None:
        return device.choose(wanted.device, wanted.threads, wanted.precision, allows_bf16)
    then = run.document.machine
    precision = wanted.precision if wanted.precision != "auto" else then.precision
    machine = device.choose(wanted.device, wanted.threads or then.threads, "bf16" if precision == "bf16" else "fp32")
    if (machine.device.type, machine.threads, machine.precision) != (then.device, then.threads, then.precision):
        run.notes.append(
            f"This run was trained on {then.title} in {then.precision} and goes on with {machine.title()} in "
            f"{machine.precision}: the result is as good, but not the same bit for bit."
        )
    now = versions()
    changed = [f"{name} {then} (now {now[name]})" for name, then in _versions_then(run) if now[name] != then]
    if changed:
        run.notes.append(
            f"This run was trained with {' and '.join(changed)}: the result is as good, but not the same bit for bit."
        )
    return machine


def _versions_then(run: Run) -> list[tuple[str, str]]:
    """The libraries whose version can change a result, as the run had them."""
    then = run.document.versions if run.document else {}
    return [(name, then[name]) for name in ("torch", "numpy") if name in then]


def measured(data: Dataset) -> tuple[float, float]:
    """Mean and standard deviation of the pixels in 0..1, or of the coordinates of points."""
    items = data.need_items()
    unit = 255 if items.dtype == np.uint8 else 1
    some = items[np.unique(np.linspace(0, len(items) - 1, num=min(_ENOUGH, len(items)), dtype=np.int64))]
    return float(items.mean(dtype=np.float64)) / unit, float(some.std(dtype=np.float64)) / unit


def label_names(data: Dataset) -> tuple[str, ...]:
    """The labels that a model can learn by; none when there are too many of them to be classes."""
    return data.label_names if len(data.label_names) <= _MOST_LABELS else ()


def begin(
    run: Run, spec: RunSpec, data: Dataset, facts: Facts, machine: device.Machine, step: int, curves: Iterable[Curve]
) -> None:
    """Write the first ``run.json``, or mark a run as training again from `step` on.

    Raises
    ------
    InputError
        When the folder cannot be written to.
    """
    on = MachineFacts(
        device=machine.device.type, title=machine.title(), threads=machine.threads, precision=machine.precision
    )
    try:
        if run.document is None:
            run.document = new_document(spec, _facts(data, spec, facts), on, curves)
            run.write_document(state="training")
        else:
            run.cut_back(step)
            run.write_document(
                state="training",
                step=step,
                training=spec.training,
                machine=on,
                knobs=spec.knobs,
                versions=versions(),
            )
    except OSError as error:
        raise InputError(f"“{run.path}” cannot be written to: {error.strerror or error}.") from error


def _facts(data: Dataset, spec: RunSpec, facts: Facts) -> DataFacts:
    return DataFacts(
        source=spec.data,
        name=data.name[:255],
        count=len(data),
        shape=list(facts.shape),
        fingerprint=data.fingerprint(),
        pixel_mean=facts.mean,
        std=facts.std,
        labels=list(label_names(data)),
        splits=data.splits,
        preparation=spec.preparation,
    )
