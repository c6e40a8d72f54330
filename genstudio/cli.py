"""The command line: the same engine as the window, for terminals, scripts and machines without a display."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genstudio import __version__, cli_data
from genstudio.arguments import Parser, add_knobs, count, family_name, seed
from genstudio.core.data_config import DataConfig
from genstudio.core.errors import InputError, WorkError
from genstudio.core.spec import RunSpec, TrainingConfig

if TYPE_CHECKING:
    from genstudio.data.items import Watch
    from genstudio.engine.load import Trained

_PARTS = ("train", "validation", "test", "all")

Command = Callable[[argparse.Namespace], dict[str, Any]]


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit status: 0 done, 1 the work failed, 2 the input is wrong."""
    for stream in (sys.stdout, sys.stderr):  # a console that knows no β must not end a training
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
    try:
        options = _parser(arguments).parse_args(arguments)
        command: Command | None = getattr(options, "command", None)
        if command is None:
            from genstudio.app.main import run_window

            return run_window(options.run)
        result = command(options)
        if options.json:
            print(json.dumps(result, ensure_ascii=False, allow_nan=False), flush=True)
        return 1 if result.get("state") == "failed" else 0
    except InputError as error:
        print(f"genstudio: {error}", file=sys.stderr)
        return 2
    except WorkError as error:
        print(f"genstudio: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader of our output went away
        sys.stderr.close()
        return 1
    except KeyboardInterrupt:
        print("genstudio: aborted. The checkpoints saved so far are kept.", file=sys.stderr)
        return 1
    except MemoryError:
        print("genstudio: out of memory: take a smaller batch, fewer samples or a smaller model.", file=sys.stderr)
        return 1


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = Parser(
        prog="genstudio",
        description="A desktop studio for deep generative models. Without a command it opens the window.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"genstudio {__version__}")
    parser.add_argument("--run", type=Path, metavar="RUN", help="open the window on this run")
    commands = parser.add_subparsers(metavar="COMMAND", parser_class=Parser)
    _add_demo(commands)
    _add_train(commands, arguments)
    _add_resume(commands)
    _add_use(commands)
    _add_looking(commands)
    return parser


def _add(commands: Any, name: str, command: Command, help: str, device: bool = True) -> argparse.ArgumentParser:
    """A sub-command with the flags that every command takes."""
    parser = commands.add_parser(name, help=help, description=help, allow_abbrev=False)
    parser.set_defaults(command=command)
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line of stdout")
    parser.add_argument("--seed", type=seed, default=None, metavar="N", help="start of the random numbers")
    if device:
        choices = ("auto", "cpu", "cuda", "mps")
        parser.add_argument("--device", choices=choices, default=None, help="where to compute (default auto)")
    return parser


# --- demo, train, resume -----------------------------------------------------------------------------


def _add_demo(commands: Any) -> None:
    parser = _add(commands, "demo", _demo, "open the window and train on the built-in digits at once")
    parser.add_argument("--steps", type=count, default=None, help="steps to train (300 without a display)")
    parser.add_argument("--screenshot", type=Path, metavar="FILE.png", help="save a picture of the window at the end")
    parser.add_argument("--out", type=Path, metavar="RUN", help="keep the run here instead of the runs folder")


def _demo(options: argparse.Namespace) -> dict[str, Any]:
    from genstudio.app.demo import run_demo

    return run_demo(options.steps, options.screenshot, options.out, options.seed, options.device)


def _add_train(commands: Any, arguments: Sequence[str]) -> None:
    from genstudio.models import families

    parser = _add(commands, "train", _train, "train a model on your data", device=False)
    families_help = "; ".join(f"{name}: {families.entry(name).title}" for name in families)
    parser.add_argument("family", type=family_name, metavar="FAMILY", help=families_help)
    parser.add_argument("--data", required=True, metavar="SOURCE", help=cli_data.SOURCE)
    parser.add_argument("--out", required=True, type=Path, metavar="RUN", help="new folder for the run")
    parser.add_argument("--preset", metavar="NAME", help="a named recipe to start from")
    shared = parser.add_argument_group("training")
    add_knobs(shared, TrainingConfig, skip={"seed"})
    _add_data_settings(parser)
    family = next((a for a in list(arguments)[1:] if a in families), None)
    if arguments and arguments[0] == "train" and family is not None:
        # only now is torch needed: the knobs stand beside the network
        model = families.load(family)
        presets = ", ".join(f"{name} ({preset.summary})" for name, preset in model.presets.items())
        parser.epilog = f"Presets of {family}: {presets}"
        add_knobs(parser.add_argument_group(f"knobs of {family}"), model.Config)
    else:
        parser.epilog = "“genstudio train FAMILY --help” lists the knobs of that family."


def _add_data_settings(parser: argparse.ArgumentParser) -> None:
    add_knobs(parser.add_argument_group("data"), DataConfig, prefix="data")


def _train(options: argparse.Namespace) -> dict[str, Any]:
    from genstudio.engine.run import Run
    from genstudio.models import families

    model = families.load(options.family)
    preset = None
    if options.preset is not None:
        if options.preset not in model.presets:
            known = ", ".join(model.presets)
            raise InputError(f"The family {options.family} has no preset “{options.preset}”; there are {known}.")
        preset = model.presets[options.preset]
    given = {name.removeprefix("knob_"): v for name, v in vars(options).items() if name.startswith("knob_")}
    given = {name: value for name, value in given.items() if value is not None}
    names = set(TrainingConfig.model_fields)
    training = {**(preset.training if preset else {}), **{k: v for k, v in given.items() if k in names}}
    if options.seed is not None:
        training["seed"] = options.seed
    if "minutes" in given and "steps" not in given:
        training["steps"] = 0  # a time limit alone means: as many steps as fit
    knobs = {**(preset.knobs if preset else {}), **{k: v for k, v in given.items() if k not in names}}
    spec = RunSpec(
        family=options.family,
        data=options.data,
        knobs=model.Config.parse(knobs).model_dump(),
        training=TrainingConfig.parse(training),
        preparation=cli_data.config(options),
        preset=options.preset,
    )
    return _drive(spec, Run.create(options.out))


def _add_resume(commands: Any) -> None:
    parser = _add(commands, "resume", _resume, "go on with a run exactly where it stopped")
    parser.add_argument("run", type=Path, metavar="RUN")
    add_knobs(parser, TrainingConfig, skip={"seed", "device", "batch_size"})


def _resume(options: argparse.Namespace) -> dict[str, Any]:
    from genstudio.engine.run import Run

    run = Run.open(options.run)
    if run.document is None:
        raise InputError(f"There is no run at “{options.run}”.")
    if options.seed not in (None, run.document.seed):
        raise InputError(f"The seed of a run stays what it was ({run.document.seed}): start a new run for another.")
    given = {name.removeprefix("knob_"): v for name, v in vars(options).items() if name.startswith("knob_")}
    changes = {name: value for name, value in given.items() if value is not None}
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


# --- using a trained run -----------------------------------------------------------------------------


def _add_use(commands: Any) -> None:
    parser = _add(commands, "sample", _sample, "draw new pictures from a trained run")
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("--n", type=count, default=64, metavar="N", help="how many (default 64)")
    parser.add_argument("--out", type=Path, required=True, help="a .png (grid), a .npz (key samples) or a folder")
    for name, command, keys in (
        ("reconstruct", _reconstruct, "input, reconstruction"),
        ("encode", _encode, "codes, labels"),
    ):
        parser = _add(commands, name, command, f"{name} a data set with a trained run")
        parser.add_argument("run", type=Path, metavar="RUN")
        parser.add_argument("--data", required=True, metavar="SOURCE")
        parser.add_argument("--split", choices=_PARTS, default="train", help="part of the data (default train)")
        parser.add_argument("--out", type=Path, required=True, metavar="OUT.npz", help=f"keys {keys}")


def _sample(options: argparse.Namespace) -> dict[str, Any]:
    from genstudio.engine import pictures, use

    pictures.check_name(options.out)
    trained = _trained(options)
    images = use.sample(trained, options.n, options.seed or 0, _progress("samples"))
    pictures.save(images, options.out)
    return _report(options, trained, n=len(images))


def _reconstruct(options: argparse.Namespace) -> dict[str, Any]:
    from genstudio.engine import pictures, use

    _check_npz(options.out)
    trained = _trained(options)
    data = cli_data.opened_for(trained.document, options.data, options.split, _watch())
    use.check_fits(trained, data)
    images = use.reconstruct(trained, data, _progress("pictures"))
    pictures.save_arrays(options.out, input=data.images, reconstruction=images)
    error = use.mean_squared_error(data.images, images)
    return _report(options, trained, n=len(images), mse=error)


def _encode(options: argparse.Namespace) -> dict[str, Any]:
    from genstudio.engine import pictures, use

    _check_npz(options.out)
    trained = _trained(options)
    data = cli_data.opened_for(trained.document, options.data, options.split, _watch())
    use.check_fits(trained, data)
    arrays: dict[str, Any] = {"codes": use.encode(trained, data, _progress("pictures"))}
    if data.labels is not None:
        arrays["labels"] = data.labels
    pictures.save_arrays(options.out, **arrays)
    shape = list(arrays["codes"].shape)
    return _report(options, trained, shape=shape)


def _report(options: argparse.Namespace, trained: Trained, **facts: Any) -> dict[str, Any]:
    """What ``--json`` says of work done with a trained model."""
    who = {"run": str(options.run), "step": trained.step, "weights": trained.weights}
    return {**who, **facts, "out": str(options.out)}


def _trained(options: argparse.Namespace) -> Trained:
    from genstudio.engine.load import load_trained
    from genstudio.engine.run import Run

    run = Run.open(options.run)
    trained = load_trained(run, options.device or "auto")
    for note in run.notes:
        print(f"genstudio: {note}", file=sys.stderr)
    return trained


def _check_npz(out: Path) -> None:
    if out.suffix.lower() != ".npz":
        raise InputError(f"“{out.name}” should end in .npz.")


def _watch() -> Watch:
    from genstudio.terminal import preparing

    return preparing()


def _progress(noun: str) -> Callable[[int, int], None]:
    from genstudio.terminal import counter

    return counter(noun)


# --- looking -----------------------------------------------------------------------------------------


def _add_looking(commands: Any) -> None:
    parser = _add(commands, "data", _data, "say what is in a source of data", device=False)
    parser.add_argument("source", metavar="SOURCE", help=cli_data.SOURCE)
    parser.add_argument("--split", choices=_PARTS, default="all", help="part of the data (default all)")
    parser.add_argument("--out", type=Path, help="write what is prepared: a .npz, a .txt (texts only) or a folder")
    _add_data_settings(parser)
    parser = _add(commands, "runs", _runs, "list the runs in a folder", device=False)
    parser.add_argument("folder", type=Path, nargs="?", metavar="FOLDER", help="default: your runs folder")


def _data(options: argparse.Namespace) -> dict[str, Any]:
    return cli_data.look(options, _watch())


def _runs(options: argparse.Namespace) -> dict[str, Any]:
    from genstudio.terminal import list_runs

    return list_runs(options.folder, quiet=options.json)
