"""The same pixels give the same training, whatever file they come in; sources that go away cost nothing (F32)."""

import csv
import gzip
import shutil
import struct
import zipfile

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from PIL import Image
from tiny_runs import TRAINING, digest, drive, losses, spec_of

from genstudio.core.data_config import DataConfig
from genstudio.core.errors import Cancelled, InputError
from genstudio.core.events import Note
from genstudio.core.mailbox import Mailbox
from genstudio.core.spec import TrainingConfig
from genstudio.data import cache, open_source
from genstudio.engine.load import load_trained
from genstudio.engine.run import Run
from genstudio.engine.train import train

COUNT, SIDE = 60, 16


@pytest.fixture(scope="module")
def pixels():
    """Real digits, each pixel doubled: uint8 [60, 16, 16]."""
    images = open_source("digits").images[:COUNT, ..., 0]
    return images.repeat(2, axis=1).repeat(2, axis=2)


@pytest.fixture
def labels():
    return open_source("digits").labels[:COUNT]


def as_folder(pixels, labels, place):
    folder = place / "pictures"
    folder.mkdir()
    for i, image in enumerate(pixels):
        Image.fromarray(image).save(folder / f"{i}.png")  # "10.png" comes after "9.png"
    return folder


def as_zip(pixels, labels, place):
    path = place / "pictures.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in as_folder(pixels, labels, place).iterdir():
            archive.write(file, f"all/{file.name}")
    return path


def as_idx(pixels, labels, place):
    folder = place / "idx"
    folder.mkdir()
    head = struct.pack(">HBBIII", 0, 8, 3, *pixels.shape)
    (folder / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(head + pixels.tobytes()))
    return folder


def as_npz(pixels, labels, place):
    np.savez(place / "d.npz", images=pixels, labels=labels)
    return place / "d.npz"


def as_npy(pixels, labels, place):
    np.save(place / "d.npy", pixels)
    return place / "d.npy"


def as_csv_of_paths(pixels, labels, place):
    folder = as_folder(pixels, labels, place)
    with (place / "d.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["path", "label"])
        table.writerows([f"{folder.name}/{i}.png", label] for i, label in enumerate(labels))
    return place / "d.csv"


def as_csv_of_pixels(pixels, labels, place):
    with (place / "d.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["label", *(f"pixel{i}" for i in range(SIDE * SIDE))])
        table.writerows([label, *image.ravel().tolist()] for label, image in zip(labels, pixels, strict=True))
    return place / "d.csv"


def as_parquet(pixels, labels, place):
    folder = as_folder(pixels, labels, place)
    rows = [{"bytes": (folder / f"{i}.png").read_bytes(), "path": f"{i}.png"} for i in range(COUNT)]
    table = pyarrow.table({"image": rows, "label": labels})
    pyarrow.parquet.write_table(table, place / "d.parquet")
    shutil.rmtree(folder)
    return place / "d.parquet"


FORMS = [as_folder, as_zip, as_npz, as_npy, as_csv_of_paths, as_csv_of_pixels, as_parquet]


def trained(path, family, source, **training):
    events = drive(spec_of(family, data=str(source), steps=6, **training), path)
    return losses(events), digest(load_trained(Run.open(path), "cpu").model.state_dict())


@pytest.mark.parametrize("family", ["autoencoder", "vae"])
def test_equal_pixels_give_equal_losses_and_weights_whatever_they_come_in(pixels, labels, tmp_path, family):
    for make in [as_idx, *FORMS]:
        (tmp_path / make.__name__).mkdir()
    expected = trained(tmp_path / "r-idx", family, as_idx(pixels, labels, tmp_path / "as_idx"))
    assert len(expected[0]) == 6
    for make in FORMS:
        source = make(pixels, labels, tmp_path / make.__name__)
        assert trained(tmp_path / f"r-{make.__name__}", family, source) == expected, make.__name__


@pytest.mark.parametrize("make", [as_csv_of_paths, as_csv_of_pixels, as_parquet, as_npz])
def test_labels_come_along(pixels, labels, tmp_path, make):
    data = open_source(str(make(pixels, labels, tmp_path)), "all")
    np.testing.assert_array_equal([int(data.label_names[i]) for i in data.labels], labels)


def test_f32_training_goes_on_from_the_cache_when_the_folder_goes_away(pixels, labels, tmp_path):
    source = as_folder(pixels, labels, tmp_path)
    spec = spec_of(data=str(source), steps=30)
    run = Run.create(tmp_path / "r")
    seen = []
    for event in train(spec, run, Mailbox()):
        if not seen:
            shutil.rmtree(source)
        seen.append(event)
    assert run.document.state == "finished"
    assert max(losses(seen)) == 30
    again = drive(run.document.spec().model_copy(update={"training": _steps(40)}), tmp_path / "r")
    assert max(losses(again)) == 40


def _steps(steps):
    return TrainingConfig.parse({**TRAINING, "steps": steps})


def test_f32_a_folder_that_went_away_is_opened_from_its_prepared_copy_with_a_note(pixels, labels, tmp_path):
    source = as_folder(pixels, labels, tmp_path)
    before = open_source(str(source))
    shutil.rmtree(source)
    after = open_source(str(source))
    np.testing.assert_array_equal(before.images, after.images)
    assert "not there now" in after.notes[0]
    cache.clear()
    with pytest.raises(InputError, match="no data at"):
        open_source(str(source))


def test_f32_a_folder_that_goes_away_during_preparation_is_said_so_and_leaves_nothing(pixels, labels, tmp_path):
    source = as_folder(pixels, labels, tmp_path)

    def watch(what, done, total):
        if "preparing" in what:
            shutil.rmtree(source, ignore_errors=True)

    with pytest.raises(InputError, match="went away"):
        open_source(str(source), watch=watch)
    assert cache.size() == 0


def test_f47_stop_while_data_is_prepared_leaves_no_run_and_no_half_prepared_data(pixels, labels, tmp_path):
    source = as_folder(pixels, labels, tmp_path)

    def watch(what, done, total):
        raise Cancelled("stop")

    with pytest.raises(Cancelled):
        list(train(spec_of(data=str(source)), Run.create(tmp_path / "r"), Mailbox(), watch))
    assert not (tmp_path / "r" / "run.json").exists()
    assert cache.size() == 0


def test_f31_files_that_are_left_out_are_told_before_training(pixels, labels, tmp_path):
    source = as_folder(pixels, labels, tmp_path)
    assert not [e.text for e in drive(spec_of(data=str(source), steps=1), tmp_path / "q") if isinstance(e, Note)]
    for i in range(5):
        (source / f"{i}.png").write_bytes(b"")
    notes = [e.text for e in drive(spec_of(data=str(source), steps=1), tmp_path / "r") if isinstance(e, Note)]
    assert len(notes) == 1
    assert notes[0].startswith("5 files in")
    assert "55 items are trained on" in notes[0]


def test_a_run_keeps_its_parts_apart_and_never_trains_on_what_is_held_out(tmp_path):
    spec = spec_of(steps=2).model_copy(update={"preparation": DataConfig(test=0.2, validation=0.1)})
    drive(spec, tmp_path / "r")
    facts = Run.open(tmp_path / "r").document.data
    assert facts.splits == {"train": 1258, "validation": 180, "test": 359}
    assert facts.count == 1258
    assert facts.preparation.test == 0.2
    held = open_source("digits", "test", facts.preparation)
    kept = open_source("digits", "train", facts.preparation)
    assert len(held) == 359
    assert {i.tobytes() for i in held.images}.isdisjoint({i.tobytes() for i in kept.images})


def test_augmented_runs_resume_exactly(tmp_path):
    preparation = DataConfig(flip="both", rotation=20.0, grain=0.1)
    whole = spec_of(steps=8).model_copy(update={"preparation": preparation})
    half = spec_of(steps=4).model_copy(update={"preparation": preparation})
    drive(whole, tmp_path / "a")
    drive(half, tmp_path / "b")
    drive(half.model_copy(update={"training": _steps(8)}), tmp_path / "b")
    weights = [digest(load_trained(Run.open(tmp_path / n), "cpu").model.state_dict()) for n in "ab"]
    assert weights[0] == weights[1]
    drive(spec_of(steps=8), tmp_path / "plain")
    assert digest(load_trained(Run.open(tmp_path / "plain"), "cpu").model.state_dict()) != weights[0]


def test_another_size_is_brought_to_what_the_run_knows(pixels, labels, tmp_path):
    from genstudio.cli import main

    drive(spec_of(steps=2), tmp_path / "r")  # digits of 8 x 8
    source = as_folder(pixels, labels, tmp_path)
    out = tmp_path / "o.npz"
    assert main(["reconstruct", str(tmp_path / "r"), "--data", str(source), "--out", str(out)]) == 0
    with np.load(out, allow_pickle=False) as arrays:
        assert arrays["input"].shape == arrays["reconstruction"].shape == (COUNT, 8, 8, 1)
