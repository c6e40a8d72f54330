"""Codes of a data set, bit by bit, and as they are kept in a run."""

import dataclasses
import io
import json
import os
import zipfile

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_runs import drive, leftovers, names, spec_of

from genstudio.core import atomic
from genstudio.core.atomic import Faults
from genstudio.core.errors import InputError, WorkError
from genstudio.data import Dataset, open_source
from genstudio.engine import use
from genstudio.engine.latent import codes_file
from genstudio.engine.latent.codes import Codes, Progress, encode_all, order_of, sample_all, squared_errors
from genstudio.engine.latent.codes_file import codes_of, keep, kept, key_of
from genstudio.engine.latent.explorer import Explorer
from genstudio.engine.load import load_trained
from genstudio.engine.run import Run


@pytest.fixture(scope="module")
def explorer_of(tmp_path_factory):
    """A new explorer of a tiny run of a family."""
    runs = {}

    def give(family="vae", **knobs):
        key = (family, *knobs.items())
        if key not in runs:
            runs[key] = tmp_path_factory.mktemp("coded") / "r"
            drive(spec_of(family, knobs, steps=4), runs[key])
        return Explorer(load_trained(Run.open(runs[key]), "cpu"))

    return give


@pytest.fixture(scope="module")
def digits():
    return open_source("digits")


def last(items):
    *_, item = (item for item in items if isinstance(item, Codes))
    return item


# --- from data ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("family", "knobs"), [("vae", {}), ("autoencoder", {}), ("vae", {"conditional": True})])
def test_codes_are_those_of_the_rows_they_name(explorer_of, digits, family, knobs):
    explorer = explorer_of(family, **knobs)
    codes = last(encode_all(explorer, digits))
    assert codes.whole
    assert (codes.codes.dtype, codes.rows.dtype, codes.losses.dtype) == (np.float32, np.int64, np.float32)
    assert sorted(codes.rows) == list(range(len(digits)))
    np.testing.assert_allclose(codes.codes, use.encode(explorer.trained, digits)[codes.rows], rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(codes.labels, digits.labels[codes.rows])
    assert codes.label_names == digits.label_names
    again = use.reconstruct(explorer.trained, digits)
    assert codes.losses.mean() == pytest.approx(use.mean_squared_error(digits.images, again), rel=1e-3)
    np.testing.assert_allclose(codes.std, codes.codes.std(0), rtol=1e-4)
    np.testing.assert_allclose(codes.mean, codes.codes.mean(0), rtol=1e-4, atol=1e-6)
    assert (codes.sampled, codes.step, codes.fingerprint) == (False, 4, explorer.fingerprint())


def test_they_come_bit_by_bit_the_first_thousand_soon(explorer_of, digits):
    items = list(encode_all(explorer_of(), digits))
    grown = [item for item in items if isinstance(item, Codes)]
    assert 1_000 <= len(grown[0]) <= 1_400
    assert not grown[0].whole
    assert [len(item) for item in grown][-1] == len(digits)
    for item in grown:  # what was there stays
        np.testing.assert_array_equal(item.codes, grown[-1].codes[: len(item)])
        np.testing.assert_array_equal(item.rows, order_of(len(digits), 100_000, 0)[: len(item)])
        assert item.total == len(digits)
    progress = [item for item in items if isinstance(item, Progress)]
    done = [item.done for item in progress]
    assert done == sorted(done)
    assert max(np.diff(done)) <= 256
    assert {item.total for item in progress} == {len(digits)}


def test_any_beginning_is_a_fair_sample(digits):
    assert len(order_of(1797, 50, 0)) == 50
    rows = order_of(100_000, 2_000, 3)
    assert len(set(rows.tolist())) == 2_000
    assert abs(rows.mean() / 100_000 - 0.5) < 0.03
    assert rows.tolist() != order_of(100_000, 2_000, 4).tolist()
    assert rows[:20].tolist() == order_of(100_000, 20, 3).tolist()


def test_no_more_than_asked_are_encoded_and_one_item_is_enough(explorer_of, digits):
    assert len(last(encode_all(explorer_of(), digits, most=40))) == 40
    single = dataclasses.replace(digits, images=digits.images[:1], labels=None, label_names=())
    codes = last(encode_all(explorer_of(), single))
    assert codes.codes.shape == (1, 3)
    assert (codes.labels, codes.label_names, codes.whole) == (None, (), True)


def test_labels_that_the_model_never_saw_do_no_harm(explorer_of, digits):
    strange = dataclasses.replace(digits, label_names=tuple(f"strange {i}" for i in range(10)))
    codes = last(encode_all(explorer_of(conditional=True), strange, most=50))
    assert codes.label_names[0] == "strange 0"
    assert np.isfinite(codes.losses).all()


def test_a_slow_model_encodes_fewer_and_says_so(explorer_of, digits):
    items = list(encode_all(explorer_of("flow"), digits, seconds=1e-6))
    codes = last(items)
    assert codes.whole
    assert 250 <= len(codes) < len(digits)
    assert f"{len(codes):,} of 1,797 pictures, chosen at random, are on the map" in codes.note
    assert items[-2].note == codes.note


def test_what_cannot_be_encoded_is_refused_in_a_sentence(explorer_of, digits):
    wrong = Dataset("elsewhere", "elsewhere", np.zeros((2, 9, 8, 1), np.uint8))
    with pytest.raises(InputError, match="“elsewhere” has pictures of"):
        next(encode_all(explorer_of(), wrong))
    with pytest.raises(InputError, match="holds nothing"):
        next(encode_all(explorer_of(), Dataset("none", "none")))
    with pytest.raises(InputError, match="has no encoder"):
        next(encode_all(explorer_of("gan"), digits))


def test_a_diverged_model_is_told_of(explorer_of, digits):
    explorer = explorer_of()
    with torch.no_grad():
        for weight in explorer.trained.model.parameters():
            weight.fill_(float("nan"))
    with pytest.raises(WorkError, match="not finite"):
        list(encode_all(explorer, digits))


def test_errors_are_squares_of_differences_in_0_to_1():
    a = np.zeros((2, 2, 1, 1), np.uint8)
    b = np.array([0, 255, 51, 51], np.uint8).reshape(2, 2, 1, 1)
    np.testing.assert_allclose(squared_errors(a, b), [0.5, 0.04], rtol=1e-6)


# --- from the model itself -----------------------------------------------------------------------------------


def test_sampled_codes_are_the_same_for_the_same_seed_whatever_their_number(explorer_of):
    explorer = explorer_of("gan")
    codes = last(sample_all(explorer, 300, seed=1, part=128))
    assert codes.sampled
    assert (codes.labels, codes.losses, codes.whole) == (None, None, True)
    assert codes.codes.shape == (300, explorer.size)
    np.testing.assert_array_equal(last(sample_all(explorer, 200, seed=1, part=128)).codes, codes.codes[:200])
    assert not np.array_equal(codes.codes[:128], codes.codes[128:256])
    assert not np.array_equal(last(sample_all(explorer, 300, seed=2, part=128)).codes, codes.codes)
    assert abs(codes.codes.std() - 1) < 0.1


def test_sampled_codes_of_a_model_by_label_have_each_in_turn(explorer_of):
    codes = last(sample_all(explorer_of("gan", conditional=True), 25))
    assert codes.labels.tolist() == [*range(10), *range(10), *range(5)]
    assert len(codes.label_names) == 10
    with pytest.raises(InputError, match="at least 1"):
        next(sample_all(explorer_of("gan"), 0))


def test_some_of_the_codes(explorer_of, digits):
    codes = last(encode_all(explorer_of(), digits, most=30))
    some = codes.take(np.array([3, 1]))
    np.testing.assert_array_equal(some.rows, codes.rows[[3, 1]])
    np.testing.assert_array_equal(some.losses, codes.losses[[3, 1]])
    np.testing.assert_array_equal(some.labels, codes.labels[[3, 1]])


# --- kept in the run -----------------------------------------------------------------------------------------


@pytest.fixture
def few(digits):
    return dataclasses.replace(digits, images=digits.images[:60], labels=digits.labels[:60])


def same(a, b):
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in ("codes", "rows", "labels", "losses"))


def test_the_second_time_codes_come_from_the_run(explorer_of, few, tmp_path):
    explorer = explorer_of()
    first = last(codes_of(explorer, few, tmp_path))
    path = tmp_path / "latent" / f"codes-{explorer.fingerprint()[:16]}.npz"
    written = path.stat().st_mtime_ns
    items = list(codes_of(explorer, few, tmp_path))
    assert len(items) == 1
    assert same(items[0], first)
    assert (items[0].label_names, items[0].step, items[0].whole) == (first.label_names, 4, True)
    assert path.stat().st_mtime_ns == written
    with np.load(path) as archive:  # plain numpy can read it
        np.testing.assert_array_equal(archive["codes"], first.codes)
    assert not leftovers(tmp_path)


def test_other_weights_data_number_or_seed_make_codes_anew(explorer_of, few, tmp_path):
    explorer = explorer_of()
    key = key_of(explorer, few)
    assert keep(tmp_path, key, last(encode_all(explorer, few))) == ""
    assert kept(tmp_path, key, explorer, few) is not None
    for name, value in {"weights": key.weights[:16] + "0" * 48, "data": "0", "most": 5, "seed": 1}.items():
        assert kept(tmp_path, dataclasses.replace(key, **{name: value}), explorer, few) is None


def test_labels_count_where_the_model_looks_at_them(explorer_of, few):
    other = dataclasses.replace(few, labels=few.labels[::-1].copy())
    assert key_of(explorer_of(), few) == key_of(explorer_of(), other)
    by_label = explorer_of(conditional=True)
    assert key_of(by_label, few) != key_of(by_label, other)


def test_codes_of_the_newest_two_weights_are_kept(explorer_of, few, tmp_path):
    explorer = explorer_of()
    codes, key = last(encode_all(explorer, few)), key_of(explorer, few)
    for i in range(4):
        keep(tmp_path, dataclasses.replace(key, weights=f"{i}" * 64), codes)
        for path in (tmp_path / "latent").iterdir():
            os.utime(path, ns=(0, path.stat().st_mtime_ns - 10**9))  # clocks of file systems are coarse
    assert names(tmp_path / "latent") == [f"codes-{'2' * 16}.npz", f"codes-{'3' * 16}.npz"]


def changed(path, **arrays):
    """Write the archive again with other arrays."""
    with np.load(path) as archive:
        known = dict(archive)
    np.savez(path, **{**known, **arrays})


def edited(path, **values):
    with np.load(path) as archive:
        about = json.loads(archive["about"].tobytes())
    changed(path, about=np.frombuffer(json.dumps({**about, **values}).encode(), np.uint8))


def bomb(path):
    with np.load(path) as archive:
        known = dict(archive)
    np.savez_compressed(path, **known)


def vast(path):
    """A header that speaks of terabytes."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "<f4", "fortran_order": False, "shape": (1 << 38, 3)})
    edited(path, count=1 << 38)
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    members["codes.npy"] = buffer.getvalue()
    with zipfile.ZipFile(path, "w") as new:
        for name, data in members.items():
            new.writestr(name, data)


def longer(path):
    path.unlink()
    with path.open("wb") as file:
        file.truncate((1 << 30) + 1)


def folder(path):
    path.unlink()
    path.mkdir()


DAMAGE = {
    "empty": lambda path: path.write_bytes(b""),
    "noise": lambda path: path.write_bytes(os.urandom(5_000)),
    "half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "pickle": lambda path: changed(path, codes=np.array([print, "x"], object)),
    "other numbers": lambda path: changed(path, codes=np.ones((60, 3), np.float32)),
    "other type": lambda path: changed(path, codes=np.ones((60, 3))),
    "other size": lambda path: changed(path, codes=np.ones((60, 4), np.float32)),
    "by columns": lambda path: changed(path, codes=np.asfortranarray(np.ones((60, 3), np.float32))),
    "newer": lambda path: edited(path, format=2),
    "without checksum": lambda path: edited(path, sha256=""),
    "more": lambda path: edited(path, count=61),
    "compressed": bomb,
    "terabytes": vast,
    "large": longer,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_file_that_is_not_ours_is_made_anew(explorer_of, few, tmp_path, damage):
    explorer = explorer_of()
    first = last(codes_of(explorer, few, tmp_path))
    (path,) = (tmp_path / "latent").iterdir()
    whole = path.read_bytes()
    DAMAGE[damage](path)
    assert kept(tmp_path, key_of(explorer, few), explorer, few) is None
    assert same(last(codes_of(explorer, few, tmp_path)), first)
    assert path.read_bytes() == whole


@pytest.mark.parametrize("rows", [np.full(60, 60), np.full(60, -1)])
def test_rows_that_the_data_does_not_have_are_not_believed(explorer_of, few, tmp_path, rows):
    explorer, key = explorer_of(), key_of(explorer_of(), few)
    codes = dataclasses.replace(last(encode_all(explorer, few)), rows=rows.astype(np.int64))
    keep(tmp_path, key, codes)
    assert kept(tmp_path, key, explorer, few) is None


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.integers(1, 255))
def test_a_flipped_byte_is_found_or_does_no_harm(explorer_of, digits, tmp_path_factory, place, flip):
    few = dataclasses.replace(digits, images=digits.images[:5], labels=digits.labels[:5])
    explorer, key, run = explorer_of(), key_of(explorer_of(), few), tmp_path_factory.getbasetemp() / "flipped"
    run.mkdir(exist_ok=True)
    path = run / "latent" / f"codes-{key.weights[:16]}.npz"
    if not path.exists():
        keep(run, key, last(encode_all(explorer, few)))
    whole = path.read_bytes()
    data = bytearray(whole)
    data[place % len(data)] ^= flip
    expected = kept(run, key, explorer, few)
    path.write_bytes(data)
    found = kept(run, key, explorer, few)
    path.write_bytes(whole)
    assert found is None or same(found, expected)


def test_a_folder_in_its_place_and_a_full_disk_cost_only_the_keeping(explorer_of, few, tmp_path, monkeypatch):
    explorer = explorer_of()
    first = last(codes_of(explorer, few, tmp_path))
    (path,) = (tmp_path / "latent").iterdir()
    folder(path)
    *items, note = codes_of(explorer, few, tmp_path)
    assert same(last(items), first)
    assert "cannot be kept" in note.note
    path.rmdir()
    monkeypatch.setattr(atomic, "faults", Faults("write:0:ENOSPC"))
    *items, note = codes_of(explorer, few, tmp_path)
    assert same(last(items), first)
    assert "No space left on device" in note.note
    assert names(tmp_path / "latent") == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_named_pipe_is_not_waited_for(explorer_of, few, tmp_path):
    explorer, key = explorer_of(), key_of(explorer_of(), few)
    (tmp_path / "latent").mkdir()
    os.mkfifo(tmp_path / "latent" / f"codes-{key.weights[:16]}.npz")
    assert kept(tmp_path, key, explorer, few) is None


def test_too_many_codes_are_not_kept(explorer_of, few, tmp_path, monkeypatch):
    monkeypatch.setattr(codes_file, "_LARGEST", 100)
    assert len(last(codes_of(explorer_of(), few, tmp_path))) == 60
    assert names(tmp_path / "latent") == []
