"""The command line: the same engine as the window, for terminals, scripts and machines without a display."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from genstudio import __version__, cli_data, cli_latent, cli_train, cli_use
from genstudio.arguments import Formatter, Parser, add_knobs, count, seed
from genstudio.core.data_config import DataConfig
from genstudio.core.errors import InputError, WorkError

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
    add_command = partial(_add, commands)
    cli_train.add(add_command, arguments)
    cli_use.add(add_command)
    cli_latent.add(add_command)
    _add_looking(commands)
    return parser


def _add(commands: Any, name: str, command: Command, help: str, device: bool = True) -> argparse.ArgumentParser:
    """A sub-command with the flags that every command takes."""
    parser = commands.add_parser(name, help=help, description=help, allow_abbrev=False, formatter_class=Formatter)
    parser.set_defaults(command=command)
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line of stdout")
    parser.add_argument("--seed", type=seed, default=None, metavar="N", help="start of the random numbers")
    if device:
        choices = ("auto", "cpu", "cuda", "mps")
        parser.add_argument("--device", choices=choices, default=None, help="where to compute (default auto)")
    return parser


# --- demo --------------------------------------------------------------------------------------------


def _add_demo(commands: Any) -> None:
    parser = _add(commands, "demo", _demo, "open the window and train on the built-in digits at once")
    parser.add_argument("--steps", type=count, default=None, help="steps to train (300 without a display)")
    parser.add_argument("--screenshot", type=Path, metavar="FILE.png", help="save a picture of the window at the end")
    parser.add_argument("--out", type=Path, metavar="RUN", help="keep the run here instead of the runs folder")


def _demo(options: argparse.Namespace) -> dict[str, Any]:
    from genstudio.app.demo import run_demo

    return run_demo(options.steps, options.screenshot, options.out, options.seed, options.device)


# --- looking -----------------------------------------------------------------------------------------


def _add_looking(commands: Any) -> None:
    parser = _add(commands, "data", _data, "say what is in a source of data", device=False)
    parser.add_argument("source", metavar="SOURCE", help=cli_data.SOURCE)
    parser.add_argument("--split", choices=cli_use.PARTS, default="all", help="part of the data (default all)")
    parser.add_argument("--out", type=Path, help="write what is prepared: a .npz, a .txt (texts only) or a folder")
    add_knobs(parser, DataConfig, prefix="data")
    parser = _add(commands, "runs", _runs, "list the runs in a folder", device=False)
    parser.add_argument("folder", type=Path, nargs="?", metavar="FOLDER", help="default: your runs folder")


def _data(options: argparse.Namespace) -> dict[str, Any]:
    from genstudio.terminal import preparing

    return cli_data.look(options, preparing())


def _runs(options: argparse.Namespace) -> dict[str, Any]:
    from genstudio.terminal import list_runs

    return list_runs(options.folder, quiet=options.json)
