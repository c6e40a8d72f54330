"""How long a frame of the map of a latent space takes, with 1,000 to 100,000 points, and what memory the map needs.

A canvas of 900 x 600 with axes, a legend of ten classes, pins and a marker; points lie in ten groups, as codes do.
Each figure comes from a fresh process. A frame is a change of the view and the painting of all that it asked for; a
move of the marker paints no point anew. Time is that of a clock; beside it stands that of the processor, which is
what a frame takes where nothing else runs.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import common
import numpy as np
import psutil

_POINTS = (1_000, 10_000, 100_000)
_TARGET, _WANTED = 16.0, 8.0  # ms of a frame with the most points: p99 and p50
_FRAMES = 200
_LIMIT = 300  # seconds that a child may take
_MOVES = ("pan", "zoom", "pan close up", "pan over a sheet", "glide", "marker")
_WIDTH, _HEIGHT = 900, 600


def own_memory() -> float:
    """Megabytes that only this process has."""
    info = psutil.Process().memory_info()
    return (info.rss - getattr(info, "shared", 0)) / 1e6


def child(points: int) -> dict[str, Any]:
    """All figures of a map of so many points, in this process."""
    from PySide6.QtCore import QCoreApplication
    from PySide6.QtWidgets import QApplication

    from genstudio.app import theme
    from genstudio.app.widgets.latent_map import LatentMap

    app = QApplication(sys.argv[:1])
    theme.apply(app, "dark")
    warm = LatentMap()  # what the first map of a process loads is no part of what a map needs
    warm.resize(_WIDTH, _HEIGHT)
    warm.show()
    QCoreApplication.processEvents()
    warm.close()
    xy, labels = codes(points)
    gc.collect()
    before = own_memory()
    canvas = LatentMap()
    canvas.resize(_WIDTH, _HEIGHT)
    canvas.set_axes("principal direction 1 (σ)", "principal direction 2 (σ)")
    canvas.set_pins([("A", -2.0, 0.0), ("B", 2.0, 1.0), ("C", 0.0, -2.0)])
    canvas.set_marker((0.0, 0.0))
    begun = time.perf_counter()
    canvas.set_points(xy)
    canvas.set_colours(labels, "label", [f"class {i}" for i in range(10)])
    canvas.show()
    QCoreApplication.processEvents()
    found: dict[str, Any] = {"first": 1000 * (time.perf_counter() - begun)}
    found |= {move: frames(canvas, move, xy) for move in _MOVES}
    begun = time.perf_counter()
    for i in range(100):
        canvas._row_at(canvas.place_of(i / 50 - 1, 0.3))
    found["search"] = 10 * (time.perf_counter() - begun)
    gc.collect()
    found["memory"] = own_memory() - before
    canvas.close()
    return found


def codes(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Places float32 [N, 2] of ten groups of different width, and the group int64 [N] of each."""
    rng = np.random.default_rng(0)
    groups = rng.normal(0, 2, (10, 2))
    labels = rng.integers(0, 10, count)
    width = rng.uniform(0.3, 1.0, 10)[labels, None]
    return (groups[labels] + width * rng.normal(size=(count, 2))).astype(np.float32), labels


def frames(canvas: Any, move: str, xy: np.ndarray) -> list[float]:
    """Median and 99th percentile of the time of a frame, ms, by the clock and then by the processor."""
    from PySide6.QtCore import QCoreApplication

    step = _moves(canvas, move, xy)
    for _ in range(3):
        QCoreApplication.processEvents()
    wall, processor = [], []
    for i in range(_FRAMES):
        begun, used = time.perf_counter(), time.thread_time()
        step(i)
        QCoreApplication.processEvents()
        wall.append(time.perf_counter() - begun)
        processor.append(time.thread_time() - used)
    canvas.clear_tiles()
    return [1000 * float(np.quantile(seconds, q)) for seconds in (wall, processor) for q in (0.5, 0.99)]


def _moves(canvas: Any, move: str, xy: np.ndarray) -> Callable[[int], None]:
    """What makes frame number i."""
    from PySide6.QtCore import QPointF

    canvas.fit()
    way = lambda i: 1 if i // 25 % 2 else -1  # noqa: E731  # to and fro
    if move == "zoom":
        return lambda i: canvas.zoom(1.06 ** way(i), QPointF(400, 250))
    if move == "marker":
        return lambda i: canvas.set_marker((0.01 * i, 0.5))
    if move == "glide":
        canvas._cloud.set_places(xy, xy + np.float32(0.5))

        def glide(i: int) -> None:
            canvas._cloud.glide(i / _FRAMES)
            canvas._refresh()

        return glide
    if move == "pan close up":
        canvas.zoom(0.25)
    if move == "pan over a sheet":
        _add_sheet(canvas)
    return lambda i: canvas.pan(4 * way(i), 2 * way(i))


def _add_sheet(canvas: Any) -> None:
    """The tiles that the view needs while it moves to and fro, 28 x 28 noise."""
    from genstudio.engine.latent.sheet import plan

    rng = np.random.default_rng(0)
    left, bottom, right, top = canvas.view_rect()
    x, y = 0.15 * (right - left), 0.15 * (top - bottom)
    needed = {}
    for dx, dy in ((0, 0), (-x, -y), (-x, y), (x, -y), (x, y)):
        around = plan((left + dx, bottom + dy, right + dx, top + dy), canvas.plot_size(), (28, 28))
        needed |= dict.fromkeys((*around.coarse, *around.fine))
    canvas.set_tiles([(tile, rng.integers(0, 256, (28, 28, 1), np.uint8)) for tile in needed])


def measure(points: int, platform: str) -> dict[str, Any]:
    """Run `child` in a fresh process with settings of its own."""
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "QT_QPA_PLATFORM": platform, "GENSTUDIO_HOME": home}
        command = [sys.executable, __file__, "--child", str(points)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_LIMIT, check=False)
    if done.returncode:
        raise SystemExit(f"The measurement of {points:,} points failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def rows(results: dict[int, list[dict[str, Any]]]) -> list[list[str]]:
    """The table: each figure of each number of points, and whether the largest map is fast enough."""
    table = []
    for points, runs in results.items():
        for move in _MOVES:
            columns = [[run[move][i] for run in runs] for i in range(4)]
            verdict = ""
            if points == max(_POINTS) and move in ("pan", "zoom"):
                verdict = "pass" if median(columns[1]) <= _TARGET else "MISS"
            table.append([f"{points:,} points: {move}", *(common.spread(column, 1) for column in columns), verdict])
        for name, key in (("data to first frame, ms", "first"), ("search, ms", "search"), ("memory, MB", "memory")):
            table.append([f"{points:,} points: {name}", common.spread([run[key] for run in runs], 2), *4 * ("",)])
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--platform", default="offscreen", help="Qt platform: offscreen, or xcb with a display")
    parser.add_argument("--repeats", type=int, default=3, help="fresh processes for each figure (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one line of JSON at the end")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        print(json.dumps(child(args.child)))
        return
    facts = common.machine()
    print(common.describe(facts))
    print(f"Qt platform {args.platform} · median [lowest–highest] of {args.repeats} processes, {_FRAMES} frames each")
    results: dict[int, list[dict[str, Any]]] = {points: [] for points in _POINTS}
    for turn in range(args.repeats):
        for points in _POINTS:
            print(f"{turn + 1} of {args.repeats}: {points:,} points", file=sys.stderr)
            results[points].append(measure(points, args.platform))
    head = ["what", "p50, ms", "p99, ms", "processor p50", "processor p99", ""]
    print("\n" + common.table(head, rows(results)))
    print(f"targets with {max(_POINTS):,} points: pan and zoom p99 ≤ {_TARGET:g} ms, p50 wanted ≤ {_WANTED:g} ms")
    least, most = (results[points] for points in (min(_POINTS), max(_POINTS)))
    pans = [[run["pan"][0] for run in runs] for runs in (most, least)]
    print(f"pan of {max(_POINTS):,} points / of {min(_POINTS):,}: {common.ratio_text(*pans)}")
    print(f"load {facts['load']} before, {common.busy()} after")
    if args.json:
        print(json.dumps({"machine": facts, "raw": {str(points): runs for points, runs in results.items()}}))


if __name__ == "__main__":
    main()
