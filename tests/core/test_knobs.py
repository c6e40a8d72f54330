"""Knobs: what is read is what was meant, and every refusal names the setting."""

import json
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from genstudio.core.config import Config, check_range, knob, parse_text
from genstudio.core.errors import InputError
from genstudio.core.spec import RunSpec, TrainingConfig


class Kitchen(Config):
    """One knob of each kind."""

    title = "kitchen settings"

    eggs: int = knob(3, low=1, high=12, label="Eggs", help="How many.", unit="pieces", basic=True)
    heat: float = knob(0.5, low=0.0, high=1.0, label="Heat", help="How hot.", live=True, zero_means="cold")
    lid: bool = knob(True, label="Lid", help="Whether it is on.")
    pan: Literal["small", "large"] = knob("small", label="Pan", help="Which one.")


KNOBS = {k.name: k for k in Kitchen.knobs()}
values = st.fixed_dictionaries(
    {
        "eggs": st.integers(1, 12),
        "heat": st.floats(0.0, 1.0),
        "lid": st.booleans(),
        "pan": st.sampled_from(["small", "large"]),
    }
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


def attempt(work):
    """(result, "") or (None, the sentence of the refusal); any other exception fails the test."""
    try:
        return work(), ""
    except InputError as error:
        return None, str(error)


def test_declaration_is_what_a_form_needs():
    eggs = KNOBS["eggs"]
    assert (eggs.kind, eggs.default, eggs.low, eggs.high, eggs.unit) == ("int", 3, 1, 12, "pieces")
    assert eggs.basic
    assert not eggs.live
    assert KNOBS["heat"].kind == "float"
    assert KNOBS["heat"].live
    assert KNOBS["lid"].kind == "bool"
    assert KNOBS["pan"].choices == ("small", "large")
    assert list(KNOBS) == ["eggs", "heat", "lid", "pan"]


def test_help_line_says_range_default_and_meaning_of_zero():
    assert KNOBS["eggs"].describe() == "How many. From 1 to 12 pieces. Default 3."
    assert KNOBS["pan"].describe() == "Which one. One of small, large. Default small."
    assert "0 means cold." in KNOBS["heat"].describe()
    assert "Can be changed while training." in KNOBS["heat"].describe()


@pytest.mark.parametrize(("low", "high", "default"), [(None, None, 1), (0, None, 1)])
def test_number_without_both_bounds_cannot_be_declared(low, high, default):
    class Boundless(Config):
        x: int = knob(default, label="X", help="x", low=low, high=high)

    with pytest.raises(AssertionError, match="bounds"):
        Boundless.knobs()


@given(values)
def test_valid_values_survive_json(given_values):
    config = Kitchen.parse(json.loads(json.dumps(given_values)))
    assert config.model_dump() == given_values
    assert Kitchen.parse(json.loads(config.model_dump_json())) == config


@given(values)
def test_what_is_printed_is_read_back(given_values):
    for name, value in given_values.items():
        assert parse_text(KNOBS[name], f" {value!s} ") == value


@given(st.sampled_from(sorted(KNOBS)), anything)
def test_any_value_is_taken_whole_or_refused_by_name(name, value):
    config, refusal = attempt(lambda: Kitchen.parse({name: value}))
    if config is None:
        assert name in refusal
        assert KNOBS[name].label in refusal
    else:
        taken = getattr(config, name)
        assert taken == value
        assert isinstance(value, bool) == isinstance(taken, bool)


@given(st.sampled_from(sorted(KNOBS)), st.text() | st.integers().map(str) | st.floats().map(str))
def test_any_text_is_read_or_refused_by_name(name, text):
    value, refusal = attempt(lambda: parse_text(KNOBS[name], text))
    if value is None:
        assert KNOBS[name].label in refusal
    else:
        assert getattr(Kitchen.parse({name: value}), name) == value


@pytest.mark.parametrize("text", ["0", "13", "-1", "9" * 400, "-" + "9" * 400, "3.0", "", "three", "nan", "9" * 5000])
def test_bad_whole_numbers(text):
    with pytest.raises(InputError, match="Eggs"):
        parse_text(KNOBS["eggs"], text)


@pytest.mark.parametrize("text", ["-0.1", "1.01", "nan", "inf", "-inf", "1e999", "½ cup"])
def test_bad_numbers(text):
    with pytest.raises(InputError, match="Heat"):
        parse_text(KNOBS["heat"], text)


@given(st.integers() | st.floats(allow_nan=False))
def test_bounds_are_inclusive(value):
    inside = 1 <= value <= 12
    if inside:
        check_range(KNOBS["eggs"], value)
    else:
        with pytest.raises(InputError, match="Eggs goes from 1 to 12 pieces"):
            check_range(KNOBS["eggs"], value)


@given(st.text().filter(lambda name: name not in KNOBS))
def test_unknown_setting_is_named_beside_those_there_are(name):
    with pytest.raises(InputError) as caught:
        Kitchen.parse({name: 1})
    assert f"“{name}”" in str(caught.value)
    assert "kitchen settings" in str(caught.value)
    assert "eggs, heat, lid, pan" in str(caught.value)


def test_config_cannot_be_changed_in_place():
    with pytest.raises(ValidationError):
        Kitchen().eggs = 5


def test_with_values_changes_a_copy_and_checks_it():
    before = Kitchen()
    after = before.with_values({"eggs": 5})
    assert (before.eggs, after.eggs) == (3, 5)
    assert after.changed() == {"eggs": 5}
    assert before.changed() == {}
    with pytest.raises(InputError, match="Eggs"):
        before.with_values({"eggs": 50})


def test_true_is_not_the_number_one():
    with pytest.raises(InputError, match="Eggs"):
        Kitchen.parse({"eggs": True})
    with pytest.raises(InputError, match="Lid"):
        Kitchen.parse({"lid": 1})


def test_training_settings_are_complete_knobs():
    for k in TrainingConfig.knobs():
        assert k.label
        assert k.help.endswith(".")
        assert TrainingConfig.parse({k.name: k.default}) == TrainingConfig()


def test_run_spec_survives_json():
    spec = RunSpec(family="vae", data="digits", knobs={"beta": 2.0, "network": "mlp", "width": 4, "on": True})
    assert RunSpec.model_validate_json(json.dumps(spec.to_json())) == spec
    with pytest.raises(ValidationError):
        RunSpec.model_validate({"family": "vae", "data": "digits", "code": "import os"})
