"""Walking through a latent space in figures: from a move of the mouse to the picture, idle and while training, a
sheet of pictures, and what it costs the training. Each figure comes from a fresh process; targets stand beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import common

_LIMIT = 900  # seconds that a child may take
#: What is trained: family, knobs, side of the pictures, most milliseconds of a drag idle and while training.
CASES: dict[str, tuple[str, dict[str, Any], int, float, float]] = {
    "VAE, 28 px": ("vae", {}, 28, 12.0, 16.0),
    "GAN, 28 px": ("gan", {}, 28, 12.0, 16.0),
    "VAE, 64 px": ("vae", {}, 64, 60.0, 60.0),
    "GAN, 64 px": ("gan", {}, 64, 60.0, 60.0),
}


def child(args: argparse.Namespace) -> dict[str, Any]:
    """One measurement, in this process."""
    import latent_live

    family, knobs, size, _, _ = CASES[args.case]
    if args.threads:
        knobs = {**knobs, "threads": args.threads}
    with tempfile.TemporaryDirectory() as folder:
        if args.child == "idle":
            return latent_live.idle(args.data, family, knobs, size, args.seconds, Path(folder))
        return latent_live.training(args.data, family, knobs, size, args.seconds, args.cycles, Path(folder))


def measure(what: str, case: str, args: argparse.Namespace, data: str) -> dict[str, Any]:
    """Run one measurement in a fresh process with settings of its own."""
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "QT_QPA_PLATFORM": args.platform, "GENSTUDIO_HOME": home}
        command = [sys.executable, __file__, "--child", what, "--case", case, "--data", data]
        command += ["--seconds", str(args.seconds), "--cycles", str(args.cycles), "--threads", str(args.threads)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_LIMIT, check=False)
    if done.returncode:
        raise SystemExit(f"The measurement “{what}” of {case} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


class Report:
    """Rows: what, measured, target, whether it is met."""

    def __init__(self) -> None:
        self.rows: list[list[str]] = []

    def most(self, what: str, value: float, target: float | None = None, unit: str = "ms") -> None:
        """A figure that should not be above its target."""
        verdict = "" if target is None else "pass" if value <= target else "MISS"
        self.rows.append([what, f"{value:.1f} {unit}", "" if target is None else f"≤ {target:g}", verdict])


def report(case: str, results: dict[str, dict[str, Any]], table: Report) -> None:
    """Put the figures of one case into words."""
    _, _, size, most_idle, most_training = CASES[case]
    if found := results.get("idle"):
        drag = found["drag"]
        table.most(f"{case}: drag to picture, idle, p99 (p50 {drag['p50']:.1f})", drag["p99"], most_idle)
        table.most(f"{case}: pictures a second (of 62 moves)", found["fps"], unit="")
        targets = (50.0, 250.0) if size == 28 else (None, None)
        table.most(f"{case}: 16 x 16 sheet, first tiles, p99", found["sheet"]["first"]["p99"], targets[0])
        table.most(f"{case}: 16 x 16 sheet, all tiles, p99", found["sheet"]["all"]["p99"], targets[1])
    if found := results.get("training"):
        drag = found["drag"]
        table.most(f"{case}: drag to picture, training, p99 (p50 {drag['p50']:.1f})", drag["p99"], most_training)
        away = [(a + b) / 2 for a, b in pairwise(found["away"])]
        table.most(f"{case}: steps lost by dragging, against the page in sight",
                   _lost(found["dragged"], found["watched"]), 5.0, "%")  # fmt: skip
        table.most(f"{case}: steps lost by dragging, against another page", _lost(found["dragged"], away), unit="%")
        table.most(f"{case}: of the training's time for copies", 100 * found["copies"], 5.0, "%")


def _lost(rates: list[float], base: list[float]) -> float:
    return 100 * (1 - sum(rates) / sum(base))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="an IDX folder; the default is Fashion-MNIST in ../shared/data")
    parser.add_argument("--platform", default="offscreen", help="Qt platform: offscreen, or xcb with a display")
    parser.add_argument("--seconds", type=float, default=15.0, help="length of each turn (%(default)s)")
    parser.add_argument("--cycles", type=int, default=3, help="turns of the training (%(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="processor threads of the training (%(default)s)")
    parser.add_argument("--only", choices=("idle", "training"), action="append")
    parser.add_argument("--case", choices=list(CASES), action="append")
    parser.add_argument("--json", action="store_true", help="print one line of JSON at the end")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        args.case = args.case[0]
        print(json.dumps(child(args)))
        return
    facts, table, raw = common.machine(), Report(), {}
    with tempfile.TemporaryDirectory() as folder:
        data, note = common.find_data(args.data, Path(folder))
        print(common.describe(facts))
        print(f"{note} · Qt platform {args.platform} · the training has {args.threads} threads")
        for case in args.case or CASES:
            raw[case] = {}
            for what in args.only or ("idle", "training"):
                print(f"{case}: {what}", file=sys.stderr)
                raw[case][what] = measure(what, case, args, data)
            report(case, raw[case], table)
    print("\n" + common.table(["what", "measured", "target", ""], table.rows))
    print(f"load {facts['load']} before, {common.busy()} after")
    if args.json:
        print(json.dumps({"machine": facts, "data": note, "raw": raw}))


if __name__ == "__main__":
    main()
