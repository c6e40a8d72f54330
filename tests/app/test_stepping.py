"""Steps lead along sensible numbers, never leave the bounds, and what is written reads back."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genstudio.app.stepping import stepped, written
from genstudio.core.config import Config, check_range, knob, parse_text


class Knobs(Config):
    rate: float = knob(1e-3, low=1e-6, high=1.0, scale="log", label="Rate", help="h")
    weight: float = knob(0.0, low=0.0, high=10.0, scale="log", label="Weight", help="h")
    steps: int = knob(2000, low=0, high=10**8, scale="log", label="Steps", help="h")
    batch: int = knob(128, low=1, high=8192, scale="log", label="Batch", help="h")
    beta: float = knob(1.0, low=0.0, high=10.0, label="β", help="h")
    drop: float = knob(0.25, low=0.0, high=1.0, label="Drop", help="h")
    minutes: float = knob(0.0, low=0.0, high=100_000.0, label="Time", help="h")
    threads: int = knob(0, low=0, high=256, label="Threads", help="h")


KNOBS = {k.name: k for k in Knobs.knobs()}


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("rate", [1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 1.0]),
        ("steps", [0, 1, 2, 5, 10, 20, 50, 100]),
        ("batch", [128, 256, 512, 1024, 2048, 4096, 8192, 8192]),
        ("beta", [1.0, 1.1, 1.2, 1.3]),
        ("drop", [0.25, 0.26, 0.27]),
        ("minutes", [0.0, 1.0, 2.0]),
        ("threads", [0, 1, 2, 3]),
    ],
)
def test_a_path_upwards_and_back(name, path):
    for low, high in pairwise(path):
        assert stepped(KNOBS[name], low, 1) == high
        if low != high:
            assert stepped(KNOBS[name], high, -1) == low


@pytest.mark.parametrize(
    ("name", "start", "down", "up"),
    [
        ("rate", 3e-4, 2e-4, 5e-4),
        ("batch", 100, 64, 128),
        ("batch", 1, 1, 2),
        ("steps", 1, 0, 2),
        ("beta", 0.05, 0, 0.15),
    ],
)
def test_odd_numbers_step_to_the_next_round_one(name, start, down, up):
    assert stepped(KNOBS[name], start, -1) == down
    assert stepped(KNOBS[name], start, 1) == up


def test_zero_on_a_logarithmic_scale_can_be_left_and_reached():
    small = stepped(KNOBS["weight"], 0.0, 1)
    assert small == 1e-5
    assert stepped(KNOBS["weight"], small, -1) == 0.0


def test_a_page_is_ten_steps():
    assert stepped(KNOBS["threads"], 5, 10) == 15
    assert stepped(KNOBS["threads"], 5, -10) == 0


@given(name=st.sampled_from(sorted(KNOBS)), share=st.floats(0, 1), count=st.integers(-12, 12).filter(bool))
def test_steps_stay_in_bounds_keep_their_kind_and_go_the_right_way(name, share, count):
    knob = KNOBS[name]
    value = knob.low + share * (knob.high - knob.low)
    value = round(value) if knob.kind == "int" else value
    after = stepped(knob, value, count)
    check_range(knob, after)
    assert type(after) is (int if knob.kind == "int" else float)
    assert after == value in (knob.low, knob.high) or (after > value) == (count > 0)
    assert parse_text(knob, written(after)) == after


@given(st.one_of(st.integers(-(10**12), 10**12), st.floats(allow_nan=False, allow_infinity=False)))
def test_what_is_written_reads_back_exactly(value):
    assert float(written(value)) == value
    assert "," not in written(value)


@pytest.mark.parametrize(
    ("value", "text"), [(2.0, "2"), (0.001, "0.001"), (1e-5, "1e-05"), (128, "128"), (-0.5, "-0.5")]
)
def test_numbers_are_written_short(value, text):
    assert written(value) == text


def test_a_step_is_exact_decimal():
    value = 0.0
    for _ in range(30):
        value = stepped(KNOBS["beta"], value, 1)
    assert value == 3.0
    assert math.isclose(stepped(KNOBS["rate"], 1e-5, 1), 2e-5, rel_tol=0)
