"""Damaged runs: each file truncated, emptied, flipped or removed. It opens or says one sentence; nothing is lost."""

import contextlib
import os
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_runs import drive, leftovers, names, of, spec_of, state_of

from genstudio.core.errors import GenStudioError, WorkError
from genstudio.core.events import Note, Saved, Started
from genstudio.engine import metrics
from genstudio.engine.load import load_trained
from genstudio.engine.run import Run, list_runs

FILES = ["weights.safetensors", "training.safetensors", "ema.safetensors", "state.json", "run.json", "manifest.json"]


def truncate(path):
    path.write_bytes(path.read_bytes()[:-7])


def empty(path):
    path.write_bytes(b"")


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def garbage(path):
    path.write_bytes(os.urandom(100))


def zeros(path):
    """What a power cut leaves of a file that was never synced."""
    path.write_bytes(bytes(path.stat().st_size))


def remove(path):
    path.unlink()


def fold(path):
    """A folder where a file should be."""
    path.unlink()
    path.mkdir()


DAMAGES = [truncate, empty, flip, garbage, zeros, remove, fold]
every_damage = pytest.mark.parametrize("damage", DAMAGES, ids=lambda d: d.__name__)


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A stopped run with two checkpoints (steps 10 and 15) and pictures; and the state of one that trained on."""
    path = tmp_path_factory.mktemp("original") / "r"
    drive(spec_of(steps=15, checkpoint_every=5, sample_every=5), path)
    whole = path.with_name("whole")
    drive(spec_of(steps=20), whole)
    return path, state_of(whole)


@pytest.fixture
def run_path(original, tmp_path):
    shutil.copytree(original[0], tmp_path / "r")
    return tmp_path / "r"


def goes_on(path, whole):
    """It resumes, and after the same steps it is the run that was never damaged."""
    events = drive(spec_of(steps=20), path)
    assert state_of(path) == whole
    assert leftovers(path) == []
    history = Run.open(path).history()
    assert history.damaged == 0
    assert history.values["kl"][0].tolist() == list(range(1, 21))
    return events


@every_damage
@pytest.mark.parametrize("file", FILES)
def test_f44_damage_in_the_newest_checkpoint_takes_the_one_before_and_says_so(run_path, original, file, damage):
    damage(run_path / "checkpoints" / "step-000015" / file)
    run = Run.open(run_path)
    assert run.load_checkpoint().step == 10
    (note,) = run.notes
    assert "step-000015" in note
    assert "The checkpoint of step 10 was used instead." in note
    assert load_trained(run, "cpu").step == 10
    events = goes_on(run_path, original[1])
    assert of(Started, events)[0].step == 10
    assert note in [n.text for n in of(Note, events)]
    # what was damaged is put aside, neither deleted nor taken for the newest again
    assert names(run_path / "checkpoints") == ["step-000010", "step-000015.bad", "step-000020"]


@every_damage
def test_f44_stopped_at_the_step_of_a_damaged_checkpoint_it_is_saved_again(run_path, damage):
    damage(run_path / "checkpoints" / "step-000015" / "weights.safetensors")
    undamaged = state_of(run_path.parent / "r")["step"]
    assert undamaged == 10

    def at_15(event):
        return isinstance(event, Saved) and event.step == 15

    drive(spec_of(steps=30, checkpoint_every=15), run_path, stop=at_15)
    run = Run.open(run_path)
    assert (run.load_checkpoint().step, run.notes) == (15, [])
    assert names(run_path / "checkpoints") == ["step-000010", "step-000015", "step-000015.bad"]


@every_damage
@pytest.mark.parametrize("file", FILES)
def test_f44_all_checkpoints_damaged_is_a_sentence_and_deletes_nothing(run_path, file, damage):
    for step in ("step-000010", "step-000015"):
        damage(run_path / "checkpoints" / step / file)
    before = sorted(str(p) for p in run_path.rglob("*"))
    run = Run.open(run_path)
    with pytest.raises(WorkError, match="has no good checkpoint left: step-000015"):
        run.load_checkpoint()
    with pytest.raises(WorkError, match="has no good checkpoint left"):
        load_trained(run, "cpu")
    with pytest.raises(WorkError, match="has no good checkpoint left"):
        drive(spec_of(steps=20), run_path)
    assert sorted(str(p) for p in run_path.rglob("*")) == before
    assert Run.open(run_path).state() == "finished"
    assert len(Run.open(run_path).history().values["kl"][0]) == 15  # curves and pictures can still be seen
    assert Run.open(run_path).newest_gallery("samples").step == 15


@every_damage
def test_f25_f44_damaged_run_json_is_replaced_by_the_copy_in_the_checkpoint(run_path, original, damage):
    damage(run_path / "run.json")
    run = Run.open(run_path)
    (note,) = run.notes
    assert "run.json" in note
    assert "The copy in the checkpoint of step 15 was used instead." in note
    assert run.document.step == 15
    assert run.state() == "interrupted"
    if damage is not remove:
        assert (run_path / "run.json.bad").exists()
    assert Run.open(run_path).notes == []  # told once: it is repaired
    assert [r.name for r in list_runs(run_path.parent)] == ["r"]
    goes_on(run_path, original[1])


@every_damage
def test_f44_run_json_and_the_newest_checkpoint_damaged_together(run_path, original, damage):
    damage(run_path / "run.json")
    damage(run_path / "checkpoints" / "step-000015" / "manifest.json")
    assert Run.open(run_path).document.step == 10
    goes_on(run_path, original[1])


@every_damage
def test_f44_nothing_left_to_open_is_a_sentence(run_path, damage):
    damage(run_path / "run.json")
    for step in ("step-000010", "step-000015"):
        damage(run_path / "checkpoints" / step / "run.json")
    with pytest.raises(WorkError, match=r"cannot be opened: run\.json"):
        Run.open(run_path)
    assert list_runs(run_path.parent) == []


@every_damage
def test_f26_damaged_log_loads_what_is_good_and_resume_mends_it(run_path, original, damage):
    damage(run_path / "metrics.jsonl")
    run = Run.open(run_path)
    history = run.history()
    points = sum(len(steps) for steps, _ in history.values.values())
    if damage is truncate:
        assert (history.damaged, points) == (1, 5 * 15 - 1)
    if damage is flip:  # a digit may have become another digit
        assert points + history.damaged >= 4 * 15 - 2
    if damage is fold:
        assert history.damaged == 1
        return  # a folder in its place: the run itself is good
    drive(spec_of(steps=20), run_path)
    assert state_of(run_path) == original[1]
    mended = Run.open(run_path).history()
    assert mended.damaged == 0
    for name in ("negative_elbo", "reconstruction", "kl", "gradient_norm"):
        assert mended.values[name][0][-5:].tolist() == [16, 17, 18, 19, 20]


@pytest.fixture(scope="module")
def log(original):
    return (original[0] / "metrics.jsonl").read_bytes()


def test_f26_log_cut_at_every_offset_of_its_last_two_lines(log, tmp_path):
    lines = log.splitlines(keepends=True)
    start = len(log) - len(lines[-1]) - len(lines[-2])
    path = tmp_path / "m"
    for offset in range(start, len(log) + 1):
        path.write_bytes(log[:offset])
        history = metrics.read(path)
        whole = log[:offset].count(b"\n")
        points = sum(len(steps) for steps, _ in history.values.values())
        torn = log[:offset].split(b"\n")[-1]
        # a last line without its line break is whole all the same when only that is missing
        assert points == whole + (torn + b"\n" == lines[min(whole, len(lines) - 1)])
        assert points + history.damaged == whole + bool(torn)
        metrics.cut(path, 15)
        assert metrics.read(path).damaged == 0
        assert sum(len(steps) for steps, _ in metrics.read(path).values.values()) == points


@given(st.binary(max_size=300))
def test_f26_binary_tail_is_counted_and_left_out(log, tmp_path_factory, tail):
    path = tmp_path_factory.mktemp("log") / "m"
    path.write_bytes(log + tail)
    history = metrics.read(path)
    assert all(steps[:15].tolist() == list(range(1, 16)) for steps, _ in list(history.values.values())[:4])
    metrics.cut(path, 15)
    assert metrics.read(path).damaged == 0
    assert path.read_bytes().startswith(log)


@every_damage
def test_f44_damaged_picture_gives_the_one_before(run_path, damage):
    damage(run_path / "samples" / "samples-00000015.png")
    run = Run.open(run_path)
    found = run.newest_gallery("samples")
    assert found.step in (10, 15)
    assert found.images.shape == (64, 8, 8, 1)
    if damage not in (flip, truncate):  # a pixel may be wrong, or only the last mark be missing
        assert found.step == 10
    assert run.newest_gallery("reconstructions").step == 15
    assert run.newest_gallery("no such slot") is None


@every_damage
@pytest.mark.parametrize("entry", ["checkpoints", "samples", "tensorboard", ".lock"])
def test_f44_whatever_stands_in_the_place_of_other_entries_nothing_but_a_sentence_comes(
    run_path, entry, damage, monkeypatch
):
    monkeypatch.setattr("genstudio.engine.keeper.time.sleep", lambda seconds: None)
    path = run_path / entry
    if path.is_dir():
        shutil.rmtree(path)
    path.write_bytes(b"in the way")
    if damage is not fold or entry == ".lock":
        damage(path)
    with contextlib.suppress(GenStudioError):  # anything else fails the test
        run = Run.open(run_path)
        assert run.size() > 0
        assert run.state() in ("finished", "interrupted")
        assert len(run.history().values) == 5
        run.newest_gallery("samples")
        drive(spec_of(steps=20), run)
    if (run_path / "checkpoints").is_dir():
        assert Run.open(run_path).load_checkpoint().step in (15, 20)
