"""Logged numbers: which steps become points, gaps, and a log that every JSON reader can read."""

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from genstudio.core.events import Advice, Edited, Note, Scalars
from genstudio.engine import metrics
from genstudio.engine.clock import Rate, Watch
from genstudio.engine.record import Record, log_interval

CPU = torch.device("cpu")


def fill(record, steps, value=float):
    for step in steps:
        record.add(step, {"loss": torch.tensor(value(step)), "norm": torch.tensor(2.0)})


def test_points_are_every_step_then_means_over_ten_then_hundred():
    assert [log_interval(s) for s in (1, 10_000, 10_001, 100_000, 100_001)] == [1, 1, 10, 10, 100]
    record = Record(CPU)
    fill(record, range(9_999, 10_025))
    scalars, finite = record.read(1.0)
    assert scalars.steps.tolist() == [9_999, 10_000, 10_010, 10_020]
    assert scalars.values["loss"].tolist() == [9_999, 10_000, 10_005.5, 10_015.5]
    assert finite.all()
    assert len(finite) == 26
    fill(record, range(10_025, 10_031))
    assert record.read(2.0)[0].values["loss"].tolist() == [10_025.5]  # the open point went on
    assert record.latest == {"loss": 10_025.5, "norm": 2.0}


@given(st.lists(st.integers(1, 60), min_size=1, max_size=8), st.sampled_from([1, 9_950, 99_950]))
def test_points_do_not_depend_on_when_they_are_read(chunks, first):
    def points(sizes):
        record, steps, values, start = Record(CPU), [], [], first
        for size in sizes:
            fill(record, range(start, start + size))
            scalars, _ = record.read(0.0)
            start += size
            if scalars is not None:
                steps += scalars.steps.tolist()
                values += scalars.values["loss"].tolist()
        return steps, values

    together = points([sum(chunks)])
    apart = points(chunks)
    assert apart[0] == together[0]
    assert apart[1] == pytest.approx(together[1])


def test_flush_gives_the_open_point_and_only_once():
    record = Record(CPU)
    fill(record, range(10_001, 10_004))
    assert record.read(0.0)[0] is None
    fill(record, range(10_004, 10_006))
    scalars, _ = record.read(0.0, flush=True)
    assert (scalars.steps.tolist(), scalars.values["loss"].tolist()) == ([10_005], [10_003.0])
    assert record.read(0.0, flush=True)[0] is None


def test_open_point_is_flushed_even_when_its_last_rows_were_read_before():
    record = Record(CPU)
    fill(record, range(10_001, 10_004))
    assert record.read(0.0)[0] is None
    scalars, _ = record.read(0.0, flush=True)
    assert (scalars.steps.tolist(), scalars.values["loss"].tolist()) == ([10_003], [10_002.0])


def test_f13_what_is_not_finite_is_a_gap_and_tells_its_step():
    record = Record(CPU)
    fill(record, range(1, 5), lambda s: math.inf if s == 3 else float(s))
    scalars, finite = record.read(0.0)
    assert finite.tolist() == [True, True, False, True]
    assert scalars.values["loss"][:2].tolist() == [1, 2]
    assert math.isnan(scalars.values["loss"][2])
    assert scalars.values["norm"].tolist() == [2.0] * 4


def test_f13_a_mean_leaves_out_what_is_not_finite():
    record = Record(CPU)
    fill(record, range(10_001, 10_011), lambda s: math.nan if s != 10_004 else 7.0)
    assert record.read(0.0)[0].values["loss"].tolist() == [7.0]


def test_rows_are_full_in_time():
    record = Record(CPU)
    fill(record, range(1, 512))
    assert not record.full
    fill(record, [512])
    assert record.full
    record.read(0.0)
    assert not record.full


@given(st.lists(st.floats(width=32), min_size=1, max_size=20))
def test_f13_log_is_strict_json_and_reads_back(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("log") / "metrics.jsonl"
    writer = metrics.MetricsWriter(path)
    steps = np.arange(1, len(values) + 1)
    writer.scalars(Scalars(steps, 1.5, {"loss": np.array(values)}))
    writer.close()

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    for line in path.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line, parse_constant=refuse)
        assert set(entry) == {"step", "seconds", "name", "value"}
    kept_steps, kept = metrics.read(path).values["loss"]
    assert kept_steps.tolist() == steps.tolist()
    expected = [v if math.isfinite(v) else math.nan for v in values]
    assert np.array_equal(kept, expected, equal_nan=True)


def test_marks_are_kept_in_words(tmp_path):
    writer = metrics.MetricsWriter(tmp_path / "m")
    writer.mark(Edited(3, "β", 1.0, 2.0), 0.1)
    writer.mark(Advice(4, "code", "The loss is flat", "text"), 0.2)
    writer.mark(Note(5, "A note “with” 日本 🙂\nand a line break"), 0.3)
    writer.close()
    history = metrics.read(tmp_path / "m")
    assert history.marks == [
        (3, "β 1 → 2"),
        (4, "The loss is flat"),
        (5, "A note “with” 日本 🙂\nand a line break"),
    ]
    assert history.damaged == 0


def test_f51_watch_runs_on_the_monotonic_clock(monkeypatch):
    wall, steady = [1e9], [50.0]
    monkeypatch.setattr("time.time", lambda: wall[0])
    monkeypatch.setattr("time.perf_counter", lambda: steady[0])
    watch = Watch(10.0)
    for jump in (-1e9, 3600.0, -7200.0):  # a changed date, the end of summer time, another time zone
        wall[0] += jump
        before = watch.seconds
        steady[0] += 2.0
        assert watch.seconds == before + 2.0
    watch.pause()
    watch.pause()
    steady[0] += 100.0
    assert watch.seconds == 16.0
    watch.go()
    watch.go()
    steady[0] += 1.0
    assert watch.seconds == 17.0


def test_rate_follows_the_last_seconds():
    rate = Rate(window=5.0)
    assert rate.at(0.0, 0.0) == 0.0
    assert rate.at(0.0, 3.0) == 0.0  # no time has passed
    for second in range(1, 20):
        assert rate.at(float(second), 100.0 * second) == pytest.approx(100.0, rel=0.2)
    for second in range(20, 40):
        last = rate.at(float(second), 1900.0 + 10.0 * (second - 19))
    assert last == pytest.approx(10.0)


def test_advice_comes_back_with_its_text_and_remedy(tmp_path):
    writer = metrics.MetricsWriter(tmp_path / "metrics.jsonl")
    given = Advice(7, "D01", "It diverges", "Two losses were not finite.", {"learning_rate": 5e-4, "heun": False})
    writer.mark(given, 0.5)
    writer.close()
    history = metrics.read(tmp_path / "metrics.jsonl")
    assert history.advice == [given]
    assert history.marks == [(7, "It diverges")]


def test_of_a_remedy_only_what_a_knob_can_hold_is_read(tmp_path):
    path = tmp_path / "metrics.jsonl"
    value = '{"code": 3, "remedy": {"a": [1], "b": null, "c": "x"}}'
    path.write_text(f'{{"step": 1, "name": "advice", "value": {value}}}\n', encoding="utf-8")
    assert metrics.read(path).advice == [Advice(1, "3", "", "", {"c": "x"})]
