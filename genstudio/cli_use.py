"""Trained runs from the command line: samples and reconstructions, and what all commands on a run share."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genstudio import cli_data
from genstudio.arguments import count
from genstudio.core.errors import InputError

if TYPE_CHECKING:
    from genstudio.data import Dataset
    from genstudio.engine.latent_sampler import FittedSampler
    from genstudio.engine.load import Trained
    from genstudio.engine.run import Run

PARTS = ("train", "validation", "test", "all")
_OUT = "a .png (grid, of points a plot), a .npz (key samples), a folder, or for points a .csv"
Add = Callable[..., argparse.ArgumentParser]


def add(add_command: Add) -> None:
    """Add the commands ``sample`` and ``reconstruct``."""
    parser = add_command("sample", _sample, "draw new pictures from a trained run")
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("--n", type=count, default=64, metavar="N", help="how many (default 64)")
    parser.add_argument("--out", type=Path, required=True, help=_OUT)
    parser.add_argument(
        "--label", action="append", default=[], metavar="NAME",
        help="of a model by label: draw this one; may be repeated, they come in turn (default: all in turn)",
    )  # fmt: skip
    parser.add_argument(
        "--sampler", choices=("auto", "prior", "gmm", "flow"), default="auto",
        help="where codes come from: the model's own prior, or a latent sampler that was fitted; auto takes a fitted "
        "one where there is one",
    )  # fmt: skip
    parser.add_argument(
        "--fit-sampler", choices=("gmm", "flow"),
        help="fit this latent sampler first, if the run has none for its weights, and draw from it",
    )  # fmt: skip
    add_on_data(add_command, "reconstruct", _reconstruct, "input, reconstruction")


def add_on_data(add_command: Add, name: str, command: Callable[..., dict[str, Any]], keys: str) -> None:
    """Add a command that takes a run and data and writes arrays with these keys."""
    parser = add_command(name, command, f"{name} a data set with a trained run")
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("--data", required=True, metavar="SOURCE")
    parser.add_argument("--split", choices=PARTS, default="train", help="part of the data (default train)")
    parser.add_argument("--out", type=Path, required=True, metavar="OUT.npz", help=f"keys {keys}")


def _sample(options: argparse.Namespace) -> dict[str, Any]:
    from genstudio.engine import pictures, point_files, use

    run, trained = opened(options)
    files = point_files if trained.model.facts.modality == "points" else pictures
    files.check_name(options.out)
    use.label_numbers(trained, options.label)
    sampler = _sampler(options, run, trained)
    drawn = use.sample(trained, options.n, options.seed or 0, progress("samples"), sampler, options.label)
    files.save(drawn, options.out)
    caption = sampler.caption if sampler else trained.model.sampling
    if not options.json:
        weights = f"{trained.weights} weights of step {trained.step:,}"
        print(f"{len(drawn):,} samples, {caption}, {weights}: {options.out}")
    kind = sampler.kind if sampler else "prior"
    return report(options, trained, n=len(drawn), sampler=kind, caption=caption)


def _sampler(options: argparse.Namespace, run: Run, trained: Trained) -> FittedSampler | None:
    """What codes are drawn from, fitted first where that was asked for; None for the model's own prior."""
    from genstudio.core.errors import WorkError
    from genstudio.engine import latent_sampler
    from genstudio.terminal import preparing

    kind = options.fit_sampler
    if kind is None:
        chosen = latent_sampler.choose(run, trained, options.sampler)
        _say_notes(run)
        return chosen
    if options.sampler not in ("auto", kind):
        raise InputError(f"--fit-sampler {kind} and --sampler {options.sampler} contradict each other: give one.")
    try:
        return latent_sampler.load(run, kind, trained)
    except (InputError, WorkError):  # there is none, of other weights, or damaged: all of it is mended by a new one
        return latent_sampler.fit(run, kind, preparing(), options.seed or 0)


def _reconstruct(options: argparse.Namespace) -> dict[str, Any]:
    from genstudio.engine import pictures, use

    check_npz(options.out)
    _, trained = opened(options)
    data = data_for(options, trained)
    items = use.reconstruct(trained, data, progress("items"))
    before = use.source_items(trained, data)
    pictures.save_arrays(options.out, input=before, reconstruction=items)
    return report(options, trained, n=len(items), mse=use.mean_squared_error(before, items))


def report(options: argparse.Namespace, trained: Trained, **facts: Any) -> dict[str, Any]:
    """What ``--json`` says of work done with a trained model."""
    who = {"run": str(options.run), "step": trained.step, "weights": trained.weights}
    return {**who, **facts, "out": str(options.out)}


def data_for(options: argparse.Namespace, trained: Trained) -> Dataset:
    """The data that was named, brought to what a run knows."""
    from genstudio.engine import use
    from genstudio.terminal import preparing

    data = cli_data.opened_for(trained.document, options.data, options.split, preparing())
    use.check_fits(trained, data)
    return data


def opened(options: argparse.Namespace) -> tuple[Run, Trained]:
    """The run that was named and its model; what is wrong with it and was mended is said."""
    from genstudio.engine.load import load_trained
    from genstudio.engine.run import Run

    run = Run.open(options.run)
    trained = load_trained(run, options.device or "auto")
    _say_notes(run)
    return run, trained


def _say_notes(run: Run) -> None:
    for note in run.notes:
        print(f"genstudio: {note}", file=sys.stderr)
    run.notes.clear()


def check_npz(out: Path) -> None:
    """Raise `InputError` unless `out` ends in .npz."""
    if out.suffix.lower() != ".npz":
        raise InputError(f"“{out.name}” should end in .npz.")


def progress(noun: str) -> Callable[[int, int], None]:
    """Tells how many are done, on stderr."""
    from genstudio.terminal import counter

    return counter(noun)
