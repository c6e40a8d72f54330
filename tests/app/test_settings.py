"""F25: whatever happens to the settings file, the last good settings are used and the person is told."""

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from genstudio.app.settings import RECENT, Settings, load, runs_folder, save, settings_file
from genstudio.core import atomic
from genstudio.core.errors import WorkError
from genstudio.core.folders import log_folder

CHANGED = Settings(
    theme="light",
    geometry="AdnQywADAAA=",
    page="train",
    data="digits",
    recent=("digits", "ü é 日本 🙂 #%"),
    smoothing=0.5,
    knobs={"vae": {"beta": 2.0, "latent": 32, "norm": "batch", "residual": True}},
    unfolded=True,
)


def test_first_start_has_defaults_and_nothing_to_say():
    assert load() == (Settings(), None)
    assert not settings_file().exists()


def test_what_is_saved_is_loaded_with_its_types():
    save(CHANGED)
    loaded, note = load()
    assert note is None
    assert loaded == CHANGED
    assert loaded.knobs["vae"]["residual"] is True
    assert type(loaded.knobs["vae"]["latent"]) is int


def test_truncated_at_every_offset_the_last_good_ones_are_used():
    save(CHANGED)
    path = settings_file()
    whole = path.read_bytes()
    for offset in range(len(whole)):
        path.write_bytes(whole[:offset])
        loaded, note = load()
        assert loaded == CHANGED, offset
        assert note is not None
        assert str(path) in note
        assert path.with_name("settings.json.bad").read_bytes() == whole[:offset]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 500,
        b"\xff\xfe{",
        b"[]",
        b'{"theme": "purple"}',
        b'{"smoothing": 1e999}',
        b" " * (1 << 20) + b"{}",
    ],
    ids=["empty", "zeros", "not text", "list", "unknown theme", "infinite", "too large"],
)
def test_garbage_without_a_good_copy_gives_the_defaults(content):
    settings_file().write_bytes(content)
    loaded, note = load()
    assert loaded == Settings()
    assert note is not None
    assert "defaults" in note
    assert settings_file().with_name("settings.json.bad").read_bytes() == content


def test_garbage_is_said_until_new_settings_are_saved():
    save(CHANGED)
    settings_file().write_bytes(b"garbage")
    assert load()[1] is not None
    assert load()[1] is not None
    save(Settings(page="runs"))
    assert load() == (Settings(page="runs"), None)


def test_names_of_a_newer_version_are_ignored():
    settings_file().write_text('{"page": "judge", "hologram": 3}')
    assert load() == (Settings(page="judge"), None)


@pytest.mark.parametrize("kind", ["open", "write", "fsync", "rename"])
@pytest.mark.parametrize("number", [1, 2])
def test_a_full_disk_at_any_step_leaves_the_old_or_the_new(monkeypatch, kind, number):
    save(CHANGED)
    monkeypatch.setattr(atomic, "faults", atomic.Faults(f"{kind}:{number}:ENOSPC"))
    newer = CHANGED.with_values(page="judge")
    with pytest.raises(WorkError, match="No space left") as told:
        save(newer)
    assert str(settings_file()) in str(told.value)
    assert load() == (CHANGED if number == 1 else newer, None)


def test_settings_that_cannot_be_read_say_so():
    settings_file().mkdir()
    loaded, note = load()
    assert loaded == Settings()
    assert note is not None
    assert "cannot be read" in note


def test_recent_sources_are_few_and_each_once():
    settings = Settings()
    for number in range(30):
        settings = settings.with_data(f"/data/{number}")
    settings = settings.with_data("/data/25")
    assert settings.data == settings.recent[0] == "/data/25"
    assert len(settings.recent) == len(set(settings.recent)) == RECENT


@pytest.mark.parametrize("source", ["/data/\udcff", "x" * 5000], ids=["not text", "too long"])
def test_a_source_that_could_not_be_read_back_is_not_remembered(source):
    settings = CHANGED.with_data(source)
    save(settings)
    assert load() == (CHANGED, None)


def test_values_that_could_not_be_read_back_are_refused():
    with pytest.raises(ValueError, match="smoothing"):
        CHANGED.with_values(smoothing=2.0)


def test_folders_follow_the_environment_or_the_user(home, monkeypatch):
    assert settings_file() == home / "settings.json"
    assert log_folder() == home / "logs"
    assert runs_folder() == home / "runs"
    assert runs_folder(str(home / "elsewhere")) == home / "elsewhere"
    monkeypatch.delenv("GENSTUDIO_HOME")
    assert home not in settings_file().parents
    assert runs_folder().parts[-2:] == ("GenStudio", "runs")
    assert "GenStudio" in str(log_folder())


text = st.text(max_size=30)
values = st.one_of(
    st.booleans(), st.integers(-(2**40), 2**40), st.floats(allow_nan=False, allow_infinity=False), text
)


@hypothesis_settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=text, recent=st.lists(text, max_size=5), knobs=st.dictionaries(text, st.dictionaries(text, values)))
def test_round_trip_of_any_values(data, recent, knobs):
    wanted = Settings(data=data, recent=tuple(recent), knobs=knobs)
    save(wanted)
    assert load() == (wanted, None)
