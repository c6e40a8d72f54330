"""The registry of families: knobs one can build a form from, presets that work, refusals in words."""

import json

import pytest

from genstudio.core.config import parse_text
from genstudio.core.errors import InputError
from genstudio.core.spec import TrainingConfig
from genstudio.models import families
from genstudio.models.base import Facts, check_shape

every_family = pytest.mark.parametrize("family", list(families))
every_preset = pytest.mark.parametrize(
    ("family", "preset"), [(family, preset) for family in families for preset in families.load(family).presets]
)


@every_family
def test_listed_with_title_and_summary(family):
    entry = families.entry(family)
    assert entry.title
    assert entry.summary.endswith(".")
    assert families.load(family).__name__ == entry.qualname


@every_family
def test_knobs_have_bounds_help_and_a_default_inside(family):
    config = families.load(family).Config
    names = [k.name for k in config.knobs()]
    assert len(names) == len(set(names))
    assert {"learning_rate", "weight_decay", "clip_norm", "ema"} <= set(names)
    assert any(k.basic for k in config.knobs())
    for knob in config.knobs():
        assert knob.label
        assert knob.help.endswith(".")
        if knob.kind in ("int", "float"):
            assert knob.low <= knob.default <= knob.high
            assert knob.low < knob.high
        elif knob.kind == "choice":
            assert knob.default in knob.choices
        assert parse_text(knob, str(knob.default)) == knob.default
        if knob.zero_means:
            assert knob.low == 0
    assert not set(names) & {k.name for k in TrainingConfig.knobs()}  # one flag, one meaning


@every_family
def test_config_survives_json_at_its_defaults_and_bounds(family):
    config = families.load(family).Config
    assert config.parse(json.loads(json.dumps(config().model_dump()))) == config()
    for knob in config.knobs():
        for value in (knob.low, knob.high, *knob.choices):
            if value is not None:
                changed = config().with_values({knob.name: value})
                assert config.parse(json.loads(changed.model_dump_json())) == changed


@every_family
def test_out_of_bounds_is_refused_by_name(family):
    config = families.load(family).Config
    for knob in config.knobs():
        if knob.kind in ("int", "float"):
            for value in (knob.low - 1, knob.high + 1):
                with pytest.raises(InputError, match=knob.name):
                    config.parse({knob.name: value})


@every_preset
def test_preset_parses_and_builds(family, preset):
    cls = families.load(family)
    recipe = cls.presets[preset]
    assert recipe.title
    assert recipe.summary.endswith(".")
    config = cls.Config.parse(recipe.knobs)
    assert set(config.changed()) <= set(recipe.knobs)
    TrainingConfig.parse(recipe.training)
    model = cls(config, Facts((28, 28, 1), 0.3, classes=10))
    assert sum(p.numel() for p in model.parameters()) > 1000


@pytest.mark.parametrize("shape", [(7, 8, 1), (8, 7, 1), (65, 64, 1), (64, 65, 3), (0, 8, 1), (-8, 8, 1)])
@every_family
def test_size_that_no_network_takes_is_refused_in_pixels(family, shape):
    cls = families.load(family)
    with pytest.raises(InputError, match=f"{shape[1]} x {shape[0]} pixels"):
        cls(cls.Config(), Facts(shape))


@pytest.mark.parametrize("channels", [0, 2, 4, 1000])
def test_channels_other_than_grey_and_colour_are_refused(channels):
    with pytest.raises(InputError, match=f"{channels} channels"):
        check_shape((8, 8, channels))


def test_unknown_family_is_refused_beside_those_there_are():
    with pytest.raises(InputError, match="“diffusion”; there are autoencoder, vae"):
        families.load("diffusion")
