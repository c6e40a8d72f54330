"""Training from the command line: a preset, knobs as flags, and what it would cost before it starts."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genstudio import cli_data
from genstudio.arguments import add_knobs, family_name, flag, listed
from genstudio.core.config import Value
from genstudio.core.data_config import DataConfig
from genstudio.core.errors import InputError
from genstudio.core.spec import RunSpec, TrainingConfig

if TYPE_CHECKING:
    from genstudio.engine.estimate import Estimate
    from genstudio.models.base import GenerativeModel, Preset

_BRACKETS = (
    "In brackets: what is allowed, what 0 means, the default; “live” can be changed while training in the window."
)
Add = Callable[..., argparse.ArgumentParser]


def add(add_command: Add, arguments: Sequence[str]) -> None:
    """Add the commands ``train`` and ``resume``; with a family named, its knobs too."""
    _add_train(add_command, arguments)
    parser = add_command("resume", _resume, "go on with a run exactly where it stopped")
    parser.add_argument("run", type=Path, metavar="RUN")
    add_knobs(parser, TrainingConfig, skip={"seed", "device", "batch_size"})


def _add_train(add_command: Add, arguments: Sequence[str]) -> None:
    from genstudio.models import families

    parser = add_command("train", _train, "train a model on your data", device=False)
    family = next((a for a in list(arguments)[1:] if a in families), None) if arguments[:1] == ["train"] else None
    families_help = "; ".join(f"{name}: {families.entry(name).title}" for name in families)
    parser.add_argument(
        "family", type=family_name, metavar="FAMILY", help=argparse.SUPPRESS if family else families_help
    )
    parser.add_argument("--data", required=True, metavar="SOURCE", help=cli_data.SOURCE)
    parser.add_argument("--out", type=Path, metavar="RUN", help="new folder for the run")
    parser.add_argument("--preset", metavar="NAME", help="a named recipe to start from; flags change it")
    parser.add_argument("--dry-run", action="store_true", help="measure what it would take, and train nothing")
    if family is not None:
        # only now is torch needed: the knobs stand beside the network
        model = families.load(family)
        entry = families.entry(family)
        parser.usage = f"genstudio train {family} --data SOURCE --out RUN [--preset NAME] [--KNOB VALUE ...]"
        parser.description = "\n".join(textwrap.wrap(f"{entry.title}. {entry.summary} {_BRACKETS}", 100))
        rows = {name: preset.summary for name, preset in model.presets.items()}
        parser.add_argument_group("presets (--preset NAME)", listed(rows))
        add_knobs(parser, model.Config)
    else:
        parser.usage = "genstudio train FAMILY --data SOURCE --out RUN [--preset NAME] [--KNOB VALUE ...]"
        parser.epilog = "“genstudio train FAMILY --help” lists the presets and knobs of that family."
    add_knobs(parser, TrainingConfig, skip={"seed"})
    flags = ", ".join(flag(knob.name) for knob in DataConfig.knobs())
    text = f"How the data is prepared, as “genstudio data --help” explains: {flags}."
    parser.add_argument_group("data settings", textwrap.fill(text, 96))
    add_knobs(parser, DataConfig, prefix="data", hidden=True)


def _train(options: argparse.Namespace) -> dict[str, Any]:
    from genstudio.engine.run import Run
    from genstudio.models import families

    spec = _spec(options, families.load(options.family))
    if spec.training.fit_sampler != "none":
        from genstudio.engine import latent_sampler

        latent_sampler.check_family(spec.family)
    if options.dry_run:
        return _measured(spec, options)
    if options.out is None:
        raise InputError("the following arguments are required: --out. See “genstudio train --help”.")
    return _drive(spec, Run.create(options.out))


def _spec(options: argparse.Namespace, model: type[GenerativeModel]) -> RunSpec:
    """The preset, changed by the flags that were given."""
    preset = _preset(options, model)
    given = _given(options)
    names = set(TrainingConfig.model_fields)
    training = {**(preset.training if preset else {}), **{k: v for k, v in given.items() if k in names}}
    if options.seed is not None:
        training["seed"] = options.seed
    if "minutes" in given and "steps" not in given:
        training["steps"] = 0  # a time limit alone means: as many steps as fit
    knobs = {**(preset.knobs if preset else {}), **{k: v for k, v in given.items() if k not in names}}
    return RunSpec(
        family=options.family,
        data=options.data,
        knobs=model.Config.parse(knobs).model_dump(),
        training=TrainingConfig.parse(training),
        preparation=cli_data.config(options),
        preset=options.preset,
    )


def _preset(options: argparse.Namespace, model: type[GenerativeModel]) -> Preset | None:
    if options.preset is None:
        return None
    if options.preset not in model.presets:
        known = ", ".join(model.presets)
        raise InputError(f"The family {options.family} has no preset “{options.preset}”; there are {known}.")
    return model.presets[options.preset]


def _given(options: argparse.Namespace) -> dict[str, Value]:
    """The knobs whose flags were given."""
    found = {name.removeprefix("knob_"): v for name, v in vars(options).items() if name.startswith("knob_")}
    return {name: value for name, value in found.items() if value is not None}


def _resume(options: argparse.Namespace) -> dict[str, Any]:
    from genstudio.engine.run import Run

    run = Run.open(options.run)
    if run.document is None:
        raise InputError(f"There is no run at “{options.run}”.")
    if options.seed not in (None, run.document.seed):
        raise InputError(f"The seed of a run stays what it was ({run.document.seed}): start a new run for another.")
    changes = _given(options)
    if options.device is not None:
        changes["device"] = options.device
    if "minutes" in changes and "steps" not in changes:
        changes["steps"] = 0
    training = run.document.training.with_values(changes)
    return _drive(run.document.spec().model_copy(update={"training": training}), run)


def _drive(spec: RunSpec, run: Any) -> dict[str, Any]:
    """Train in the terminal: progress on stderr, first Ctrl-C stops and saves, the second aborts."""
    from genstudio.terminal import drive

    return drive(spec, run)


# --- what it would take -------------------------------------------------------------------------------


def _measured(spec: RunSpec, options: argparse.Namespace) -> dict[str, Any]:
    """A dry run of a few seconds: nothing is kept of it."""
    from genstudio.engine.preflight import preflight
    from genstudio.terminal import preparing

    estimate = preflight(spec, preparing())
    if not options.json:
        print("\n".join(in_words(estimate, spec.training.batch_size)))
    return {"family": spec.family, "dry_run": True, **asdict(estimate), "notes": list(estimate.notes)}


def in_words(estimate: Estimate, batch: int) -> list[str]:
    """An estimate line by line."""
    from genstudio.core.words import duration, size

    whole = "until it is stopped" if estimate.total_seconds is None else duration(estimate.total_seconds)
    return [
        f"whole run        {whole}",
        f"1,000 steps      {duration(estimate.seconds_per_1000)} ({estimate.samples_per_second:,.0f} items/s)",
        f"memory           {size(estimate.memory)}",
        f"disk             {size(estimate.disk)}",
        f"largest batch    {estimate.largest_batch:,} (now {batch:,})",
        f"measured on      {estimate.device}, {estimate.precision}",
        *estimate.notes,
    ]
