"""Thousands of spoilt files through every loader: each is used, or refused with a sentence. Nothing else may happen.

Small valid files of each format are changed (bits, cuts, splices, numbers in headers) and read in a child process,
one after the other. A crash of the child, an exception that is no `InputError`, a call over 5 s and a call that takes
over 1 GiB are violations: each is told with its number, the file is kept, and the exit status is 1. A case depends on
seed and number only; ``--case`` repeats one.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import common
import fuzz_files
import numpy as np
from fuzz_loaders import LOADERS

from genstudio.core.errors import InputError
from genstudio.data import sniff

SECONDS, GROWTH = 5.0, 1 << 30  # that one call may take


class HangError(BaseException):
    """Raised by the alarm; no loader may catch it as an error of its own."""


# --- one case -----------------------------------------------------------------------------------------


@dataclass(slots=True)
class Tally:
    """What came of the cases of one format."""

    used: int = 0
    refused: int = 0
    violations: list[str] = field(default_factory=list)
    slowest: float = 0.0


class Fuzzer:
    """Runs cases by number and counts.

    Parameters
    ----------
    progress : int
        File descriptor to which the number of the case in hand is written, for who has to explain a crash.
    """

    def __init__(self, formats: list[str], seed: int, scratch: Path, keep: Path, progress: int = -1) -> None:
        self._files, self._formats, self._seed = fuzz_files.valid(), formats, seed
        self._scratch, self._keep, self._progress = scratch, keep, progress
        self.tallies = {name: Tally() for name in formats}

    def case(self, number: int) -> tuple[str, bytes]:
        """The format and the spoilt file of that number."""
        form = self._formats[number % len(self._formats)]
        return form, fuzz_files.spoilt(form, self._files[form], np.random.default_rng([self._seed, number]))

    def run(self, number: int) -> None:
        """Read one file and count what comes of it."""
        form, data = self.case(number)
        if self._progress >= 0:
            os.pwrite(self._progress, f"{number:>12}".encode(), 0)
        tally, before, start = self.tallies[form], _peak(), time.perf_counter()
        outcome = wrong = ""
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        try:
            sniff.explain(sniff.sniff(data, f"x.{form}"), f"x.{form}")
            LOADERS[form](data, self._scratch / f"x.{form}")
            outcome = "used"
        except InputError as error:
            outcome = "refused"
            wrong = "" if str(error).strip() else "refused without a word"
        except HangError:
            wrong = f"took over {SECONDS:.0f} s"
        except Exception:
            wrong = traceback.format_exc(limit=-4).strip()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        took, grown = time.perf_counter() - start, _peak() - before
        tally.slowest = max(tally.slowest, took)
        if not wrong and (took > SECONDS or grown > GROWTH):
            wrong = f"took {took:.1f} s and {grown >> 20:,} MiB"
        if not wrong:
            tally.used += outcome == "used"
            tally.refused += outcome == "refused"
        else:
            tally.violations.append(f"case {number} ({form}), kept as {self.keep(number)}:\n{wrong}")

    def keep(self, number: int) -> Path:
        """Write the file of a case where a person finds it."""
        form, data = self.case(number)
        self._keep.mkdir(parents=True, exist_ok=True)
        path = self._keep / f"seed-{self._seed}-case-{number}.{form}"
        path.write_bytes(data)
        return path


def _peak() -> int:
    """Bytes of memory that this process had at most."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most << 10


def _alarm(*_: Any) -> NoReturn:
    raise HangError


# --- many cases ---------------------------------------------------------------------------------------


def child(args: argparse.Namespace) -> None:
    """Run cases until count or time is up; the last line is JSON."""
    signal.signal(signal.SIGALRM, _alarm)
    warnings.simplefilter("error")  # what a library says in passing would stand in a person's terminal
    end = time.monotonic() + args.seconds if args.seconds else float("inf")
    with tempfile.TemporaryDirectory() as scratch, Path(args.child).open("r+b") as progress:
        fuzzer = Fuzzer(args.only or list(LOADERS), args.seed, Path(scratch), Path(args.keep), progress.fileno())
        number = args.start
        while number < args.count and time.monotonic() < end:
            fuzzer.run(number)
            number += 1
    counts = {form: [t.used, t.refused, t.violations, t.slowest] for form, t in fuzzer.tallies.items()}
    print(json.dumps({"next": number, "peak": _peak(), "counts": counts}))


def run_all(args: argparse.Namespace, progress: Path) -> tuple[dict[str, Tally], int, int]:
    """Children until all cases are done: tallies, peak memory in bytes, number of cases."""
    forms, end = args.only or list(LOADERS), time.monotonic() + (args.seconds or 1e9)
    total, peak = {form: Tally() for form in forms}, 0
    spans = [(args.start, args.count)]
    while spans and time.monotonic() < end:
        start, stop = spans.pop()
        progress.write_bytes(b" " * 12)
        command = [sys.executable, "-X", "faulthandler", *sys.argv, "--child", str(progress), "--start", str(start)]
        command += ["--count", str(stop), "--seconds", str(end - time.monotonic())]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            found = json.loads(done.stdout.splitlines()[-1])
            _add(total, found["counts"])
            peak = max(peak, found["peak"])
            continue
        if not (crashed := progress.read_text().strip()):
            raise SystemExit(f"The child failed:\n{done.stderr[-3000:]}")
        case = int(crashed)
        kept = Fuzzer(forms, args.seed, progress.parent, Path(args.keep)).keep(case)
        why = f"case {case}, kept as {kept}: the process ended with {done.returncode}\n{done.stderr[-2000:]}"
        total[forms[case % len(forms)]].violations.append(why)
        spans += [(case + 1, stop), (start, case)]  # what it had counted before is lost with it
    return total, peak, sum(t.used + t.refused + len(t.violations) for t in total.values())


def _add(total: dict[str, Tally], counts: dict[str, tuple[int, int, list[str], float]]) -> None:
    for form, (used, refused, violations, slowest) in counts.items():
        tally = total[form]
        tally.used += used
        tally.refused += refused
        tally.violations += violations
        tally.slowest = max(tally.slowest, slowest)


def report(total: dict[str, Tally], peak: int) -> str:
    """A table, and below it the violations: three of each sort, all others are kept as files too."""
    rows = [
        [form, f"{t.used:,}", f"{t.refused:,}", f"{len(t.violations):,}", f"{1000 * t.slowest:,.0f}"]
        for form, t in total.items()
    ]
    sums = [
        sum(values) for values in zip(*((t.used, t.refused, len(t.violations)) for t in total.values()), strict=True)
    ]
    rows.append(["all", *(f"{value:,}" for value in sums), f"{1000 * max(t.slowest for t in total.values()):,.0f}"])
    lines = [common.table(["format", "used", "refused", "ANYTHING ELSE", "slowest, ms"], rows)]
    lines.append(f"peak memory of the process {peak / 2**20:,.0f} MiB")
    alike: dict[str, list[str]] = {}
    for violation in (v for t in total.values() for v in t.violations):
        alike.setdefault(violation.splitlines()[-1], []).append(violation)
    for said, violations in alike.items():
        lines.append(f"\n{len(violations):,} × {said}\n" + "\n".join(violations[:3]))
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20_000, help="files in all (%(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=0.0, help="stop after this time (0: when all are done)")
    parser.add_argument("--only", choices=list(LOADERS), action="append", help="only this format; may be repeated")
    parser.add_argument("--keep", default="fuzz-failures", help="folder for files of violations (%(default)s)")
    parser.add_argument("--case", type=int, help="run this one case alone")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--start", type=int, default=0, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        child(args)
        return
    if args.case is not None:
        args.start, args.count = args.case, args.case + 1
    with tempfile.TemporaryDirectory() as folder:
        total, peak, number = run_all(args, Path(folder) / "progress")
    print(f"{number:,} files, seed {args.seed}")
    print(report(total, peak))
    raise SystemExit(1 if any(t.violations for t in total.values()) else 0)


if __name__ == "__main__":
    main()
