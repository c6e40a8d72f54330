"""The pipeline of data in figures, each from a fresh process, with targets beside them.

prepare  a folder of pictures to 64 x 64 with an empty cache, against a loop over Pillow and a DataLoader of PyTorch
         with a worker per core, in turns; and the same folder once more, from the cache
batches  batches of 128 from bytes in memory, from a memory map and from a float tensor: alone, and in training
         steps of the default convolutional VAE in turns; memory of each in a process of its own
mixed    10,000 good files among 500 hostile ones: time, memory of all processes, and whether each is where it belongs
findings what is odd in 100,000 pictures of 28 x 28
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import common
import data_loops as loops
import numpy as np
import torch
from window import Report

from genstudio.core.data_config import DataConfig
from genstudio.data import open_source
from genstudio.data.dataset import Dataset

_KINDS = ("float tensor", "bytes in memory", "memory map")
_FOLDERS = ("hand signs", "1 megapixel", "12 megapixels")
_LIMIT = 1800  # seconds that a child may take


# --- in a process of its own --------------------------------------------------------------------------


def child(args: argparse.Namespace) -> dict[str, Any]:
    """One measurement, in this process."""
    torch.set_num_threads(args.threads)
    what, _, rest = args.child.partition(":")
    folder = Path(args.folder)
    if what == "prepare":
        return prepare(folder, args.rounds)
    if what == "steps":
        return steps(folder / f"{rest}.npy", args.rounds, args.steps)
    if what == "memory":
        kind, _, count = rest.partition(":")
        return used_memory(folder / f"{count}.npy", kind)
    return mixed(folder, rest) if what == "mixed" else findings(folder)


def _fresh(source: Path, scratch: str) -> Dataset:
    """Prepare with an empty cache."""
    os.environ["GENSTUDIO_HOME"] = scratch
    return open_source(str(source), config=DataConfig(size=loops.SIDE, channels="colour"))


def prepare(folder: Path, rounds: int) -> dict[str, Any]:
    """Wall and processor seconds of all contenders, one number a round."""
    result: dict[str, Any] = {"count": len(list(folder.iterdir())), "apart": []}

    def note(name: str, measured: tuple[float, float, Any]) -> Any:
        entry = result.setdefault(name, {"wall": [], "cpu": []})
        entry["wall"].append(measured[0])
        entry["cpu"].append(measured[1])
        return measured[2]

    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as home:
            ours = note("ours", loops.timed(lambda home=home: _fresh(folder, home)))
            note("again", loops.timed(lambda home=home: _fresh(folder, home)))
            theirs = note("pillow", loops.timed(lambda: loops.pillow_loop(folder)))
            also = note("torch", loops.timed(lambda: loops.torch_loader(folder, loops.cores())))
            result["apart"].append(apart := float(np.abs(np.asarray(ours.images, np.int16) - theirs).mean()))
            if apart > 2 or not np.array_equal(theirs, also):
                raise SystemExit(f"The contenders do not make the same pictures: {apart:.2f} of 255 apart.")
    return result


def steps(path: Path, rounds: int, count: int) -> dict[str, Any]:
    """Batches and training steps per second from each kind of memory, in turns."""
    images = np.load(path, mmap_mode="c")
    sources = {kind: loops.batches_of(kind, path) for kind in _KINDS}
    training = {kind: loops.Training(source, images) for kind, source in sources.items()}
    result: dict[str, Any] = {kind: {"batches": [], "steps": []} for kind in _KINDS}
    for turn in range(rounds + 1):
        for kind in _KINDS:
            start = time.perf_counter()
            for _ in range(10 * count):
                sources[kind].next()
            middle = time.perf_counter()
            training[kind](count)
            end = time.perf_counter()
            if turn:  # the first one warms caches and allocators up
                result[kind]["batches"].append(10 * count / (middle - start))
                result[kind]["steps"].append(count / (end - middle))
    return result


def used_memory(path: Path, kind: str) -> dict[str, Any]:
    """Memory after a pass over all pictures, and after the imports alone."""
    before = loops.memory()
    source = loops.batches_of(kind, path)
    for _ in range(-(-len(np.load(path, mmap_mode="r")) // loops.BATCH)):
        source.next()
    return {"before": before, "after": loops.memory()}


def mixed(folder: Path, expected: str) -> dict[str, Any]:
    """Open a folder with an empty cache and once more, and compare with what was put there."""
    truth = json.loads(Path(expected).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as home:
        watched = loops.TreeMemory(os.getpid())
        watched.start()
        wall, cpu, data = loops.timed(lambda: _fresh(folder, home))
        watched.ended.set()
        again, _, _ = loops.timed(lambda: _fresh(folder, home))
    right = sorted(data.names) == truth["good"] and sorted(r.file for r in data.rejected) == truth["bad"]
    return {
        "wall": wall, "cpu": cpu, "again": again, "peak": watched.peak / 2**20, "own": loops.memory()["peak"],
        "good": len(data), "bad": len(data.rejected), "right": right,
    }  # fmt: skip


def findings(folder: Path) -> dict[str, Any]:
    """Processor seconds for 100,000 pictures, all of them looked at."""
    from genstudio.data.findings import find

    data = Dataset("benchmark", "benchmark", images=np.load(folder / "findings.npy", mmap_mode="r"))
    wall, cpu, found = loops.timed(lambda: find(data))
    return {"wall": wall, "cpu": cpu, "kinds": [f.kind for f in found]}


# --- all measurements ---------------------------------------------------------------------------------


def measure(what: str, folder: Path, args: argparse.Namespace) -> dict[str, Any]:
    """Run one measurement in a fresh process."""
    print(what, file=sys.stderr)
    command = [sys.executable, __file__, "--child", what, "--folder", str(folder), "--rounds", str(args.rounds)]
    command += ["--steps", str(args.steps), "--threads", str(args.threads)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT, check=False)
    if done.returncode:
        raise SystemExit(f"The measurement “{what}” failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def run_prepare(args: argparse.Namespace, scratch: Path, table: Report) -> dict[str, Any]:
    """Folders of real and of large pictures."""
    archive = common.ROOT.parent / "shared" / "data" / "sign-digits" / "sign_digits_100px_jpg.zip"
    results = {}
    for name, (width, height) in zip(_FOLDERS, ((100, 100), (1155, 866), (4000, 3000)), strict=True):
        folder = scratch / name
        folder.mkdir()
        if name == _FOLDERS[0] and archive.exists():
            loops.unpack(archive, folder)
        else:
            loops.photos(folder, 2000 if width == 100 else args.large if width < 2000 else args.huge, width, height)
        found = results[name] = measure("prepare", folder, args)
        told = f"{name}, {found['count']:,} JPEGs"
        for contender in ("ours", "pillow", "torch", "again"):
            table.add(f"{told}: {contender}, wall s", found[contender]["wall"], 2)
        for rival in ("pillow", "torch"):
            for kind in ("wall", "cpu"):
                ratios = [a / b for a, b in zip(found[rival][kind], found["ours"][kind], strict=True)]
                table.add(f"{told}: {rival} / ours, {kind}", ratios, 2, 1.0, at_least=True)
    return results


def run_batches(args: argparse.Namespace, scratch: Path, table: Report) -> dict[str, Any]:
    """Speed and memory at each number of pictures."""
    source, _ = common.find_data(args.data, scratch)
    images, results = open_source(source).images, {}
    for count in args.counts:
        loops.write_rows(scratch / f"{count}.npy", images, count)
        found = results[str(count)] = measure(f"steps:{count}", scratch, args)
        base = found["float tensor"]
        for kind in _KINDS:
            table.add(f"{count:,} pictures, {kind}: batches/s", found[kind]["batches"], 0)
        for kind in _KINDS[1:]:
            ratios = [a / b for a, b in zip(found[kind]["steps"], base["steps"], strict=True)]
            table.add(f"{count:,} pictures: steps from {kind} / float tensor", ratios, 3, 0.95, at_least=True)
        for kind in _KINDS:
            memory = found[kind]["memory"] = measure(f"memory:{kind}:{count}", scratch, args)
            own = memory["after"]["anonymous"] - memory["before"]["anonymous"]
            table.add(
                f"{count:,} pictures, {kind}: memory of its own, MiB", [own], 0, 64 if kind == "memory map" else None
            )
            table.add(f"{count:,} pictures, {kind}: pages of files, MiB", [memory["after"]["file"]], 0)
            table.add(f"{count:,} pictures, {kind}: peak of the process, MiB", [memory["after"]["peak"]], 0)
        (scratch / f"{count}.npy").unlink()
    return results


def run_mixed(args: argparse.Namespace, scratch: Path, table: Report) -> dict[str, Any]:
    """A folder as people really have them."""
    sys.path.insert(0, str(common.ROOT / "tests" / "data"))
    hostile = importlib.import_module("hostile_files")  # the one that the tests have
    folder = scratch / "mixed"
    folder.mkdir()
    truth = hostile.make_mixed(folder, args.good, args.bad, seed=0)
    expected = scratch / "truth.json"
    expected.write_text(json.dumps({"good": sorted(truth.good), "bad": sorted(truth.bad)}), encoding="utf-8")
    found = measure(f"mixed:{expected}", folder, args)
    told = f"{len(truth.good):,} good and {len(truth.bad):,} bad files"
    table.add(f"{told}: wall s", [found["wall"]], 1)
    table.add(f"{told}: processor s", [found["cpu"]], 1)
    table.add(f"{told}: again, from the cache, s", [found["again"]], 2)
    table.add(f"{told}: peak of all processes, MiB", [found["peak"]], 0, 1024)
    table.add("listed as bad", [found["bad"]], 0)
    table.add("good and bad exactly as they were made", [float(found["right"])], 0, 1, at_least=True)
    return found


def run_findings(args: argparse.Namespace, scratch: Path, table: Report) -> dict[str, Any]:
    """MNIST or what is there, with copies of some: all looks have something to do."""
    images = open_source(common.find_data(args.data, scratch)[0]).images
    loops.write_rows(scratch / "findings.npy", images, 100_000)
    found = measure("findings", scratch, args)
    table.add("findings of 100,000 pictures, wall s", [found["wall"]], 1, 10)
    return found


_PARTS = {"prepare": run_prepare, "batches": run_batches, "mixed": run_mixed, "findings": run_findings}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="pictures for batches; the default is Fashion-MNIST in ../shared/data")
    parser.add_argument("--only", choices=list(_PARTS), action="append", help="only this part; may be repeated")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each contender (%(default)s)")
    parser.add_argument("--steps", type=int, default=40, help="training steps a turn (%(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch (%(default)s)")
    parser.add_argument("--counts", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--large", type=int, default=200, help="pictures of 1 megapixel (%(default)s)")
    parser.add_argument("--huge", type=int, default=24, help="pictures of 12 megapixels (%(default)s)")
    parser.add_argument("--good", type=int, default=10_000, help="good files of the mixed folder (%(default)s)")
    parser.add_argument("--bad", type=int, default=500, help="bad ones (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one line of JSON at the end")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--folder", default="", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        print(json.dumps(child(args)))
        return
    facts, table, results = common.machine(), Report(), {}
    print(common.describe(facts))
    for name in args.only or _PARTS:
        with tempfile.TemporaryDirectory() as folder:
            results[name] = _PARTS[name](args, Path(folder), table)
    print(common.table(["what", "measured", "target", ""], table.rows))
    print(f"load {facts['load']} before, {common.busy()} after")
    if args.json:
        print(json.dumps({"machine": facts, "figures": table.figures, "raw": results}))


if __name__ == "__main__":
    main()
