"""The feature network: learns, is the same each time, is kept, and is made again when what was kept is damaged."""

import dataclasses

import numpy as np
import pytest
import torch

from genstudio.core.errors import Cancelled, InputError
from genstudio.data import Dataset, cache, open_source
from genstudio.evaluate import features as module
from genstudio.evaluate import learn
from genstudio.evaluate.features import classify, feature_net, features, task_of, train_net
from genstudio.evaluate.network import FeatureNet, blank


@pytest.fixture(scope="module")
def digits():
    return open_source("digits")


@pytest.fixture
def quick(monkeypatch, tmp_path):
    """A short training, a cache of its own, nothing remembered."""
    monkeypatch.setattr(learn, "PICTURES", 4096)
    monkeypatch.setattr(module, "_REMEMBERED", {})
    monkeypatch.setattr(cache, "folder", lambda: tmp_path / "cache")
    return tmp_path / "cache"


def weights(net):
    return {name: tensor.clone() for name, tensor in net.state_dict().items()}


def unlabelled(data):
    return dataclasses.replace(data, labels=None, label_names=())


def test_labels_are_learnt_and_features_are_standardised(digits, monkeypatch):
    monkeypatch.setattr(learn, "PICTURES", 40_000)
    held_out = np.arange(len(digits)) % 4 == 0
    net = train_net(digits.take(np.flatnonzero(~held_out)))
    test = digits.take(np.flatnonzero(held_out))
    rows = features(net, test.images)
    assert rows.shape == (len(test), 64)
    assert rows.dtype == np.float32
    assert (classify(net, rows) == test.labels).mean() > 0.85
    seen = features(net, digits.images[~held_out])
    assert np.abs(seen.mean(0)).max() < 1e-3
    assert seen.std(0) == pytest.approx(1, abs=1e-2)


def test_without_labels_views_of_a_picture_are_learnt_to_be_alike(digits, quick, monkeypatch):
    monkeypatch.setattr(learn, "PICTURES", 40_000)
    net = train_net(unlabelled(digits))
    rows = features(net, digits.images)
    brighter = features(net, (digits.images * 0.9).round().astype(np.uint8))
    apart = np.square(rows - brighter).mean()
    assert apart < 0.2 * np.square(rows - np.roll(rows, 1, 0)).mean()
    values = np.linalg.eigvalsh(np.cov(rows, rowvar=False))
    assert values.sum() ** 2 / np.square(values).sum() > 8  # spread out, not one number again and again
    with pytest.raises(InputError, match="no labels"):
        classify(net, rows)


def test_same_seed_gives_the_same_weights_and_leaves_the_random_numbers_of_torch_alone(digits, quick):
    state = torch.get_rng_state()
    first, again, other = train_net(digits), train_net(digits), train_net(digits, seed=1)
    assert torch.equal(state, torch.get_rng_state())
    assert first.fingerprint() == again.fingerprint() != other.fingerprint()
    assert first.fingerprint() in first.about


def test_network_is_kept_and_taken_from_the_cache(digits, quick, monkeypatch):
    made = feature_net(digits)
    assert feature_net(digits) is made
    monkeypatch.setattr(module, "_REMEMBERED", {})
    monkeypatch.setattr(module, "train_net", lambda *_: pytest.fail("trained again"))
    kept = feature_net(digits)
    assert kept is not made
    assert kept.about == made.about
    assert np.array_equal(features(kept, digits.images[:9]), features(made, digits.images[:9]))


def test_damaged_weights_in_the_cache_are_made_again(digits, quick, monkeypatch):
    made = feature_net(digits)
    (path,) = quick.glob("*/weights.safetensors")
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    monkeypatch.setattr(module, "_REMEMBERED", {})
    assert feature_net(digits).fingerprint() == made.fingerprint()
    monkeypatch.setattr(module, "_REMEMBERED", {})
    monkeypatch.setattr(module, "train_net", lambda *_: pytest.fail("trained again"))
    assert feature_net(digits).fingerprint() == made.fingerprint()  # it was put right on the disk too


def test_other_labels_of_the_same_pictures_give_another_network(digits, quick):
    turned = dataclasses.replace(digits, labels=(digits.labels + 1) % 10)
    assert feature_net(digits).fingerprint() != feature_net(turned).fingerprint()


def test_network_is_made_where_the_cache_cannot_be_written(digits, quick):
    quick.write_text("a file where the folder should be", encoding="utf-8")
    assert feature_net(digits).classes == 10


def test_training_can_be_cancelled_and_leaves_nothing(digits, quick):
    def watch(what, done, total):
        if done:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        feature_net(digits, watch=watch)
    assert not list(quick.glob("*/weights.safetensors"))


@pytest.mark.parametrize(("height", "width", "channels"), [(8, 8, 1), (9, 17, 3), (28, 28, 1), (64, 64, 3)])
def test_every_size_of_picture_is_taken(height, width, channels, monkeypatch):
    monkeypatch.setattr(learn, "PICTURES", 512)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (70, height, width, channels), dtype=np.uint8)
    images.flags.writeable = False  # as a map of a file may be
    for labels in (rng.integers(0, 2, 70), None):
        net = train_net(Dataset("noise", "noise", images=images, labels=labels))
        rows = features(net, images)
        assert rows.shape == (70, 64)
        assert np.isfinite(rows).all()
        assert sum(p.numel() for p in net.parameters()) < 120_000


def test_labels_are_the_task_only_where_enough_pictures_have_them():
    images = np.zeros((40, 8, 8, 1), np.uint8)

    def task(labels):
        return task_of(Dataset("x", "x", images=images, labels=np.array(labels)))

    assert task([0, 1] * 20) == "labels"
    assert task([0] * 40) == "views"
    assert task(list(range(40))) == "views"  # each picture is its own label
    assert task([0] * 8 + [1] * 8 + [-1] * 24) == "views"
    assert task_of(Dataset("x", "x", images=images)) == "views"


def test_wrong_pictures_are_refused(digits):
    net = blank((8, 8, 1), 10)
    with pytest.raises(InputError, match="feature network"):
        features(net, np.zeros((2, 9, 8, 1), np.uint8))
    with pytest.raises(InputError, match="single picture"):
        feature_net(digits.take(np.arange(1)))
    assert isinstance(net, FeatureNet)


def test_progress_is_told(digits, quick):
    told = []
    net = train_net(digits, watch=lambda what, done, total: told.append((done, total)))
    assert told[-1] == (len(told), len(told))
    seen = []
    features(net, digits.images, lambda done, total: seen.append((done, total)))
    assert seen == [(512, 1797), (1024, 1797), (1536, 1797), (1797, 1797)]
