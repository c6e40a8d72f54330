"""The run directory: what lies where, what is kept, how runs are listed."""

import json
import os

import numpy as np
import pytest
from tiny_runs import drive, names, spec_of

from genstudio.core.errors import InputError
from genstudio.core.events import Gallery
from genstudio.engine import checkpoint as checkpoints
from genstudio.engine import run as run_module
from genstudio.engine.review import review
from genstudio.engine.run import Run, list_runs


@pytest.fixture
def gallery():
    def make(step, slot="samples"):
        return Gallery(slot, step, np.full((4, 8, 8, 1), step % 256, np.uint8))

    return make


def test_layout_is_the_one_that_others_rely_on(tmp_path):
    drive(spec_of(steps=15, checkpoint_every=5), tmp_path / "r")
    assert names(tmp_path / "r") == [".lock", "checkpoints", "metrics.jsonl", "run.json", "samples", "tensorboard"]
    assert names(tmp_path / "r" / "checkpoints") == ["step-000010", "step-000015"]
    inside = ["ema.safetensors", "manifest.json", "run.json", "state.json", "training.safetensors"]
    assert names(tmp_path / "r" / "checkpoints" / "step-000015") == [*inside, "weights.safetensors"]
    values = json.loads((tmp_path / "r" / "run.json").read_bytes())
    expected = {"format", "family", "knobs", "data", "seed", "versions", "state", "step", "training", "machine"}
    assert expected <= set(values)
    assert values["data"]["source"] == "digits"
    assert values["data"]["count"] == 1797
    line = json.loads((tmp_path / "r" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert set(line) == {"step", "seconds", "name", "value"}


def test_no_absolute_path_is_kept(tmp_path):
    drive(spec_of(steps=5), tmp_path / "a very special name")
    for path in (tmp_path / "a very special name").rglob("*"):
        if path.is_file():
            assert b"a very special name" not in path.read_bytes(), path.name


def test_create_takes_an_empty_folder_and_what_a_killed_start_left(tmp_path):
    (tmp_path / "r").mkdir()
    for name in (".lock", ".owner", "run.json.tmp-123"):
        (tmp_path / "r" / name).write_text("x", encoding="utf-8")
    assert Run.create(tmp_path / "r").document is None
    assert drive(spec_of(steps=2), tmp_path / "r")[-1].state == "finished"


def test_opening_what_is_no_run_is_a_sentence(tmp_path):
    for path in (tmp_path, tmp_path / "missing", tmp_path / "file"):
        (tmp_path / "file").write_text("x", encoding="utf-8")
        with pytest.raises(InputError, match="There is no run at"):
            Run.open(path)


def test_checkpoint_names_sort_beyond_a_million(tmp_path):
    for step in (5, 999_999, 1_000_000, 12_345_678):
        (tmp_path / checkpoints.name_of(step)).mkdir()
    for other in ("step-12", "step-000007.tmp-1", "step-000009.bad", "x"):
        (tmp_path / other).mkdir()
    (tmp_path / "step-000008").write_text("a file", encoding="utf-8")
    assert [step for step, _ in checkpoints.listed(tmp_path)] == [12_345_678, 1_000_000, 999_999, 5]
    assert checkpoints.listed(tmp_path / "missing") == []


def test_galleries_are_thinned_and_first_and_last_stay(tmp_path, gallery, monkeypatch):
    monkeypatch.setattr(run_module, "_MOST_GALLERIES", 10)
    run = Run.create(tmp_path / "r")
    for step in range(0, 400, 10):
        run.save_gallery(gallery(step))
    kept = [int(p.stem.split("-")[1]) for p in run.gallery_files("samples")]
    assert len(kept) <= 10
    assert (kept[0], kept[-1]) == (0, 390)
    assert run.newest_gallery("samples").step == 390


def test_galleries_of_one_slot_do_not_push_out_another(tmp_path, gallery, monkeypatch):
    monkeypatch.setattr(run_module, "_MOST_GALLERIES", 4)
    run = Run.create(tmp_path / "r")
    run.save_gallery(gallery(1, "reconstructions"))
    for step in range(50):
        run.save_gallery(gallery(step))
    assert run.newest_gallery("reconstructions").step == 1


def test_runs_are_listed_newest_first_and_what_is_none_is_left_out(tmp_path):
    for i, name in enumerate(("old", "new")):
        drive(spec_of(steps=2), tmp_path / name)
        os.utime(tmp_path / name, (i, i))
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x", encoding="utf-8")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "run.json").write_text("{", encoding="utf-8")
    assert [run.name for run in list_runs(tmp_path)] == ["new", "old"]
    assert list_runs(tmp_path / "missing") == []


def test_summary_is_a_row_of_plain_values(victim):
    row = Run.open(victim).summary()
    assert json.loads(json.dumps(row)) == row
    assert (row["name"], row["family"], row["data"], row["step"], row["state"]) == (
        "r",
        "vae",
        "digits",
        4,
        "finished",
    )
    assert set(row["losses"]) == {"negative_elbo", "reconstruction", "kl", "active_units", "gradient_norm"}


def test_size_counts_every_file(victim):
    files = [p for p in victim.rglob("*") if p.is_file()]
    assert Run.open(victim).size() == sum(p.stat().st_size for p in files)


def test_review_shows_a_run_without_its_model(victim):
    seen = review(victim)
    assert (seen.state, seen.saved, seen.document.step) == ("finished", 4, 4)
    assert {g.slot for g in seen.galleries} == {"samples", "reconstructions"}
    assert seen.progress().fraction == 1.0
    assert {c.name for c in seen.curves} >= set(seen.history.values)  # a family declares more than a setting uses
    assert seen.notes == ()


def test_f01_a_run_that_says_training_but_is_held_by_nobody_was_interrupted(victim):
    run = Run.open(victim)
    run.write_document(state="training")
    assert Run.open(victim).state() == "interrupted"
    with run.locked():
        assert Run.open(victim).state() == "training"


def test_tensorboard_has_the_scalars_and_pictures(victim):
    (events,) = (victim / "tensorboard").iterdir()
    data = events.read_bytes()
    assert b"negative_elbo" in data
    assert b"reconstructions" in data
