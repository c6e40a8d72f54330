"""Settings of data: only those that matter, told after a moment, remembered as far as they are valid."""

import pytest

from genstudio.app.widgets.data_settings import DataSettings, remembered
from genstudio.core.data_config import DataConfig


@pytest.fixture
def settings(qtbot):
    widget = DataSettings()
    qtbot.addWidget(widget)
    widget.set_modalities(["image"])
    widget.show()
    return widget


def offered(settings):
    return set(settings.prepared.values()) | set(settings.varied.values())


@pytest.mark.parametrize(
    ("has", "there", "not_there"),
    [
        (["image"], {"size", "flip", "test"}, {"seconds", "reading"}),
        (["audio"], {"seconds", "test"}, {"size", "flip", "reading"}),
        (["image", "text"], {"size", "reading", "grain"}, {"seconds"}),
        (["points"], {"test"}, {"size", "flip", "seconds"}),
    ],
)
def test_only_settings_that_matter_are_offered(settings, has, there, not_there):
    settings.set_modalities(has)
    assert there <= offered(settings)
    assert not not_there & offered(settings)


def test_nothing_is_offered_without_data(settings):
    settings.set_modalities(())
    assert offered(settings) == set()


def test_several_changes_are_told_once_after_a_moment(settings, qtbot):
    heard = []
    settings.changed.connect(heard.append)
    for size in (8, 16, 32):
        settings.prepared.set_values({"size": size})
        settings.prepared.changed.emit("size", size)
    assert heard == []
    assert settings.waiting()
    qtbot.waitUntil(lambda: heard == [True])
    assert settings.config().size == 32
    qtbot.wait(10)
    assert not settings.waiting()


def test_augmentation_needs_no_new_preparation(settings):
    heard = []
    settings.changed.connect(heard.append)
    settings.varied.set_values({"flip": "both"})
    settings.varied.changed.emit("flip", "both")
    settings.settle()
    assert heard == [False]
    assert settings.config().flip == "both"


def test_settings_that_are_not_offered_keep_their_values(settings):
    settings.set_config(DataConfig(size=16, seconds=2.5))
    assert settings.config() == DataConfig(size=16, seconds=2.5)


def test_showing_settings_tells_nothing(settings, qtbot):
    heard = []
    settings.changed.connect(heard.append)
    settings.prepared.changed.emit("size", 8)
    settings.set_config(DataConfig(size=24))
    assert not settings.waiting()
    settings.settle()
    assert heard == []


def test_of_what_was_kept_only_the_valid_part_is_used():
    kept = {"size": 32, "channels": "purple", "gone": 1, "seconds": -5.0, "fit": "pad"}
    assert remembered(kept) == DataConfig(size=32, fit="pad")


def test_the_long_meaning_of_nought_is_in_the_help(settings):
    (row,) = [r for r in settings.prepared._rows.values() if r.knob.name == "size"]
    assert row.knob.zero_means == "automatic"
    assert "at most 64" in row.field.toolTip()
