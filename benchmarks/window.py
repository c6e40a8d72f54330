"""The window in figures: time until it is there, lateness of its event loop idle and while training, what it costs
the training, how fast curves and pictures are drawn. Each figure comes from a fresh process; targets stand beside it.

Lateness is how late a precise timer of 5 ms fires, own paints included. Each family is trained by its defaults, and
the same training by the engine alone takes turns with it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

import common

from genstudio.models import families

_POINTS = (10_000, 100_000, 1_000_000, 10_000_000)
_PICTURES = 100_000
_LIMIT = 900  # seconds that a child may take


def child(args: argparse.Namespace) -> dict[str, Any]:
    """One measurement, in this process."""
    import window_live

    if args.child == "start":
        return window_live.start(args.begun)
    if args.child == "training":
        return window_live.training(args.data, args.family[0], args.seconds, args.cycles)
    return _widget(args.child)


def _widget(what: str) -> dict[str, Any]:
    import window_widgets
    from PySide6.QtWidgets import QApplication

    from genstudio.app import theme

    app = QApplication(sys.argv[:1])
    theme.apply(app, "dark")
    if what == "gallery":
        return asdict(window_widgets.gallery_scroll(window_widgets.pictures(_PICTURES)))
    return asdict(window_widgets.plot_frames(int(what)))


def measure(what: str, args: argparse.Namespace, data: str) -> dict[str, Any]:
    """Run one measurement, "training FAMILY" perhaps, in a fresh process with settings of its own."""
    what, _, family = what.partition(" ")
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "QT_QPA_PLATFORM": args.platform, "GENSTUDIO_HOME": home}
        command = [sys.executable, __file__, "--child", what, "--data", data, "--family", family or "vae"]
        command += ["--seconds", str(args.seconds), "--cycles", str(args.cycles), "--begun", repr(time.time())]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_LIMIT, check=False)
    if done.returncode:
        raise SystemExit(f"The measurement “{what}” failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def run_all(args: argparse.Namespace, data: str) -> dict[str, list[dict[str, Any]]]:
    """All measurements; the widgets and the start as often as asked for, in turns."""
    widgets = [*(str(points) for points in _POINTS), "gallery"]
    wanted = {"start": ["start"], "training": [f"training {f}" for f in args.family or families], "widgets": widgets}
    names = [name for part in args.only or wanted for name in wanted[part]]
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for turn in range(args.repeats):
        for name in names:
            print(f"{turn + 1} of {args.repeats}: {name}", file=sys.stderr)
            results[name].append(measure(name, args, data))
    return results


class Report:
    """Rows: what, median [lowest–highest], target, whether it is met."""

    def __init__(self) -> None:
        self.rows: list[list[str]] = []
        self.figures: dict[str, dict[str, Any]] = {}

    def add(
        self,
        what: str,
        values: list[float],
        digits: int,
        target: float | None = None,
        at_least: bool = False,
        judged: Callable[[list[float]], float] = median,
    ) -> None:
        """Judge the median, or what `judged` makes of the values."""
        figure: dict[str, Any] = {"values": values, "judged": judged(values)}
        text, verdict = "", ""
        if target is not None:
            met = judged(values) >= target if at_least else judged(values) <= target
            text, verdict = f"{'≥' if at_least else '≤'} {target:g}", "pass" if met else "MISS"
            figure |= {"target": target, "met": met}
        self.rows.append([what, common.spread(values, digits), text, verdict])
        self.figures[what] = figure


def report(results: dict[str, list[dict[str, Any]]]) -> Report:
    """Put the figures into words."""
    table = Report()
    if starts := results.get("start"):
        table.add("window visible, s", [r["visible"] for r in starts], 2, 1.0)
        table.add("Train can be pressed, s", [r["ready"] for r in starts], 2)
        table.add(
            "longest stall while torch is imported, ms (worst)", [r["stall"] for r in starts], 0, 300, judged=max
        )
    for family in families:
        if runs := results.get(f"training {family}"):
            _add_training(table, family, runs)
    for points in _POINTS:
        if frames := results.get(str(points)):
            target = 8.0 if points == 1_000_000 else None
            table.add(f"plot frame p50 at {points:,} points, ms", [r["p50"] for r in frames], 1, target)
    if frames := results.get("gallery"):
        table.add(f"gallery scroll p50, {_PICTURES:,} pictures, ms", [r["p50"] for r in frames], 1, 4.0)
        table.add(f"gallery scroll p99, {_PICTURES:,} pictures, ms", [r["p99"] for r in frames], 1)
    return table


def _add_training(table: Report, family: str, runs: list[dict[str, Any]]) -> None:
    for state in ("idle", "training"):
        for key in ("p50", "p99", "worst"):
            target = 16.0 if (state, key) == ("training", "p99") else None
            table.add(f"{family}: lateness {state} {key}, ms", [r[state][key] for r in runs], 1, target)
    ratios = [x for r in runs for x in r["ratio"]]
    table.add(f"{family}: training in the window / headless", ratios, 2, 0.92, at_least=True)
    table.add("the same per processor second", [x for r in runs for x in r["cpu_ratio"]], 2)
    table.add("window's share of a core while training", [x for r in runs for x in r["ui_share"]], 2)
    table.add("from Stop to saved, ms", [r["stop"] for r in runs], 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="an IDX folder; the default is Fashion-MNIST in ../shared/data")
    parser.add_argument("--platform", default="offscreen", help="Qt platform: offscreen, or xcb with a display")
    parser.add_argument("--repeats", type=int, default=3, help="fresh processes for each figure (%(default)s)")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of each training turn (%(default)s)")
    parser.add_argument("--cycles", type=int, default=2, help="training turns in a process (%(default)s)")
    parser.add_argument("--only", choices=("start", "training", "widgets"), action="append")
    parser.add_argument("--family", choices=list(families), action="append", help="train only this one")
    parser.add_argument("--json", action="store_true", help="print one line of JSON at the end")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--begun", type=float, default=0.0, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        print(json.dumps(child(args)))
        return
    facts = common.machine()
    with tempfile.TemporaryDirectory() as folder:
        data, note = common.find_data(args.data, Path(folder))
        print(common.describe(facts))
        print(f"{note} · Qt platform {args.platform} · median [lowest–highest] of {args.repeats} processes")
        results = run_all(args, data)
    table = report(results)
    print("\n" + common.table(["what", "measured", "target", ""], table.rows))
    print(f"load {facts['load']} before, {common.busy()} after")
    if args.json:
        print(json.dumps({"machine": facts, "data": note, "figures": table.figures, "raw": results}))


if __name__ == "__main__":
    main()
