"""Latent spaces from the command line: codes of a data set, and paths between pictures."""

from __future__ import annotations

import argparse
import contextlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from genstudio import cli_use
from genstudio.arguments import whole
from genstudio.cli_use import Add
from genstudio.core.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from genstudio.data import Dataset
    from genstudio.engine.latent.explorer import Explorer
    from genstudio.engine.latent.paths import Kind
    from genstudio.engine.latent.place import Place
    from genstudio.engine.load import Trained

_SLOW = 32  # pictures that a flow encodes between two lines of progress
_CHUNK = 64  # frames drawn between two lines of progress


@dataclass(frozen=True, slots=True)
class _Pin:
    """A place, the file it comes from, and the mean squared error per pixel of its picture to that file."""

    place: Place
    file: Path
    error: float


def add(add_command: Add) -> None:
    """Add the commands ``encode`` and ``interpolate``."""
    cli_use.add_on_data(add_command, "encode", _encode, "codes, labels, label_names")
    parser = add_command("interpolate", _interpolate, "draw the path between pictures as a strip or a film")
    parser.add_argument("run", type=Path, metavar="RUN")
    from_file = "a picture, or a PNG saved by GenStudio that carries its code"
    parser.add_argument("--a", type=Path, required=True, metavar="FILE", help=f"where it begins: {from_file}")
    parser.add_argument("--b", type=Path, required=True, metavar="FILE", help="where it ends")
    parser.add_argument(
        "--via", type=Path, action="append", default=[], metavar="FILE", help="what it leads through; may be repeated"
    )
    parser.add_argument(
        "--frames", type=whole(2, 10_000), default=16, metavar="N", help="pictures, both ends included (default 16)"
    )
    parser.add_argument(
        "--out", type=Path, required=True,
        help="a .png (strip), a .gif, a .mp4 (with ffmpeg), or a .npz (keys codes, frames, fps)",
    )  # fmt: skip
    parser.add_argument(
        "--kind", choices=("auto", "linear", "spherical"), default="auto",
        help="straight, or along the sphere that noise lies on; auto: spherical for noise, linear for codes",
    )  # fmt: skip
    parser.add_argument("--loop", action="store_true", help="go on from the end to the beginning")
    parser.add_argument("--fps", type=float, default=12.0, metavar="N", help="frames a second (default 12)")
    parser.add_argument("--label", metavar="NAME", help="of a model by label: draw all of it with this one")


# --- codes of a data set -----------------------------------------------------------------------------


def _encode(options: argparse.Namespace) -> dict[str, Any]:
    from genstudio.engine import pictures
    from genstudio.models.base import Encodes

    cli_use.check_npz(options.out)
    run, trained = cli_use.opened(options)
    if not isinstance(trained.model, Encodes):
        raise InputError(
            f"A model of the family “{trained.document.family}” has no encoder and a data set has no codes in it: "
            f"“genstudio interpolate {run.path} --a FILE --b FILE” searches for the codes of single pictures."
        )
    data = cli_use.data_for(options, trained)
    codes = _codes(trained, data)
    arrays: dict[str, Any] = {"codes": codes.astype(np.float32)}
    if data.labels is not None:
        arrays["labels"] = data.labels.astype(np.int64)
        arrays["label_names"] = np.array(data.label_names, dtype=np.str_)
    pictures.save_arrays(options.out, **arrays)
    if not options.json:
        print(f"{len(codes):,} codes of {codes.shape[1]:,} numbers: {options.out}")
    return cli_use.report(options, trained, shape=list(codes.shape))


def _codes(trained: Trained, data: Dataset) -> NDArray[np.float32]:
    """The code of each item; a flow, for which each is many steps of an equation, tells more often how far it is."""
    from genstudio.engine import use
    from genstudio.models.capabilities import Velocity

    tell = cli_use.progress("items")
    if not isinstance(trained.model, Velocity):
        return use.encode(trained, data, tell)
    parts, count = [], len(data)
    for start in range(0, count, _SLOW):
        stop = min(start + _SLOW, count)
        parts.append(use.encode(trained, data.take(np.arange(start, stop))))
        tell(stop, count)
    return np.concatenate(parts)


# --- a path ------------------------------------------------------------------------------------------


def _interpolate(options: argparse.Namespace) -> dict[str, Any]:
    from genstudio.engine.latent import films, paths, provenance
    from genstudio.engine.latent.explorer import Explorer

    films.check_name(options.out)
    films.check_pace(options.fps)
    run, trained = cli_use.opened(options)
    explorer = Explorer(trained)
    label = _label(explorer, options.label)
    pins = [_pin(explorer, file, label, options.seed or 0) for file in (options.a, *options.via, options.b)]
    places = [pin.place for pin in pins]
    kind: Kind = paths.natural_kind(trained.model) if options.kind == "auto" else options.kind
    codes, labels = paths.frames(places, options.frames, kind, options.loop)
    film = films.Film(_drawn(explorer, codes, labels), codes, options.fps)
    films.save(film, options.out, provenance.facts_of_path(explorer, run.path, places, kind, options.loop))
    if not options.json:
        found = ", ".join(f"{pin.file.name} {pin.error:.4f}" for pin in pins)
        print(f"{options.frames:,} frames, {kind}, step {trained.step:,}: {options.out}")
        print(f"mean squared error per pixel to the files: {found}")
    errors: dict[str, Any] = {"a": pins[0].error, "b": pins[-1].error}
    if options.via:
        errors["via"] = [pin.error for pin in pins[1:-1]]
    facts = {"frames": options.frames, "kind": kind, "loop": options.loop, "fps": options.fps, "errors": errors}
    return cli_use.report(options, trained, **facts)


def _label(explorer: Explorer, name: str | None) -> int:
    from genstudio.engine import use
    from genstudio.engine.latent.place import NO_LABEL

    if name is None:
        return NO_LABEL
    numbers = use.label_numbers(explorer.trained, [name])
    return NO_LABEL if numbers is None else int(numbers[0])


def _pin(explorer: Explorer, file: Path, label: int, seed: int) -> _Pin:
    """Where a file lies: the code that it carries, if it is of this run, else the nearest that is found."""
    from genstudio.engine.latent import invert, own_picture
    from genstudio.engine.latent.place import Place

    data = explorer.trained.document.data
    image = own_picture.read_picture(file, explorer.shape, data.preparation)
    carried = _carried(explorer, file, label)
    if carried is not None:
        return _Pin(carried, file, invert.squared_error(explorer.picture(carried), image))
    tell = cli_use.progress(f"steps of the search for {file.name}")
    with contextlib.closing(invert.invert(explorer, image, label, seed)) as results:
        last = None
        for last in results:
            tell(last.step, last.total)
    assert last is not None, "a search has at least one result"
    return _Pin(Place(last.code, label), file, last.error)


def _carried(explorer: Explorer, file: Path, label: int) -> Place | None:
    """The place that a PNG of this run carries, with the label that was asked for or its own; None for others."""
    from genstudio.engine.latent import provenance
    from genstudio.engine.latent.place import NO_LABEL, Place

    found = provenance.read(file)
    if found is None:
        return None
    if not found.of_run(explorer):
        print(
            f"genstudio: {file.name} is of another run (“{found.run}”): its picture is searched for.", file=sys.stderr
        )
        return None
    note = found.difference(explorer)
    if note:
        print(f"genstudio: {file.name}: {note}", file=sys.stderr)
    place = found.place(explorer.labels)
    return place if label == NO_LABEL else Place(place.code, label)


def _drawn(explorer: Explorer, codes: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The picture of each frame; the ends alone, so that they are what the window shows there, bit for bit."""
    from genstudio.engine.latent.place import Place

    tell = cli_use.progress("frames")
    parts: list[NDArray[np.uint8]] = []
    for start in range(0, len(codes), _CHUNK):
        part = slice(start, start + _CHUNK)
        parts.append(explorer.draw(codes[part], labels[part]))
        tell(min(start + _CHUNK, len(codes)), len(codes))
    drawn = np.concatenate(parts)
    for end in (0, len(codes) - 1):
        drawn[end] = explorer.picture(Place(codes[end], int(labels[end])))
    return drawn
