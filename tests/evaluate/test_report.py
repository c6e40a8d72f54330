"""Reports: every score with its floor, number and protocol; real pictures score at the floor, spoilt ones worse."""

import json
import math

import numpy as np
import pytest

from genstudio.core.errors import InputError, WorkError
from genstudio.data import open_source
from genstudio.evaluate import learn
from genstudio.evaluate.features import train_net
from genstudio.evaluate.modes import known
from genstudio.evaluate.report import score_pictures, score_points, score_reconstructions


@pytest.fixture(scope="module")
def parts():
    """(training part, test part, network): digits, four in five to train on."""
    digits, test = open_source("digits"), np.arange(1797) % 5 == 0
    train = digits.take(np.flatnonzero(~test))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learn, "PICTURES", 12_000)
        return train, digits.take(np.flatnonzero(test)), train_net(train)


def test_each_score_has_floor_number_and_protocol(parts):
    train, test, net = parts
    told = []
    scores = score_pictures(
        train.images[:300], test.images, net, train.images, progress=lambda *now: told.append(now)
    )
    names = {"fd_gs64", "kernel_distance", "precision", "recall", "density", "coverage", "class_kl"}
    assert set(scores) == names
    for score in scores.values():
        assert score.n == 300
        assert math.isfinite(score.floor)
        assert net.fingerprint() in score.protocol
        assert "300" in score.protocol
        json.dumps(score.to_json(), allow_nan=False)
    assert told[-1][0] == told[-1][1] == 300 + 300 + len(test)
    assert told == sorted(told)


def test_real_pictures_score_at_the_floor_and_spoilt_ones_far_from_it(parts):
    train, test, net = parts
    some = np.random.default_rng(1).permutation(len(train))[:300]  # the set is ordered by writer
    real = score_pictures(train.images[some], test.images, net, train.images)
    blank = np.zeros_like(train.images[:300])
    spoilt = score_pictures(blank, test.images, net, train.images)
    ones = score_pictures(train.images[train.labels == 1], test.images, net, train.images)
    assert real["fd_gs64"].value == pytest.approx(real["fd_gs64"].floor, rel=0.5)
    assert real["coverage"].value == pytest.approx(real["coverage"].floor, abs=0.05)
    assert spoilt["fd_gs64"].value > 10 * real["fd_gs64"].floor
    assert spoilt["coverage"].value < 0.1
    assert ones["precision"].value > 0.8  # one digit only: all real, yet most of the data is missing
    assert ones["coverage"].value < 0.4
    assert ones["class_kl"].value > 1 > 0.1 > real["class_kl"].value


def test_without_training_pictures_halves_of_the_reference_give_the_floor(parts):
    train, test, net = parts
    score = score_pictures(train.images[:300], test.images, net)["coverage"]
    assert "halves of the reference" in score.protocol
    assert score.floor == pytest.approx(0.97, abs=0.04)


def test_few_pictures_have_no_frechet_distance_but_a_kernel_distance(parts):
    train, test, net = parts
    scores = score_pictures(train.images[:40], test.images, net, train.images)
    assert "fd_gs64" not in scores
    assert math.isfinite(scores["kernel_distance"].value)
    with pytest.raises(InputError, match="more than 5"):
        score_pictures(train.images[:3], test.images, net, train.images)


def test_points_are_scored_by_their_modes_too():
    points = open_source("grid").points
    scores = score_points(points[:2000], points, known("grid"))
    assert scores["modes"].value == scores["modes"].floor == 25
    assert scores["good"].value == pytest.approx(0.989, abs=0.01)
    assert scores["frechet"].value < 0.1
    one = score_points(points[:2000] * 0, points, known("grid"))
    assert one["modes"].value == 1
    assert one["reverse_kl"].value == pytest.approx(np.log(25))
    assert "modes" not in score_points(points[:100], points[:200])
    with pytest.raises(WorkError, match="diverged"):
        score_points(points * np.nan, points)


def test_reconstructions_are_measured_in_decibels():
    images = np.full((3, 8, 8, 1), 100, np.uint8)
    scores = score_reconstructions(images, images + 51)
    assert scores["mse"].value == pytest.approx(0.04)
    assert scores["psnr"].value == pytest.approx(10 * np.log10(25))
    assert score_reconstructions(images, images)["psnr"].to_json()["value"] is None  # infinite
    with pytest.raises(InputError, match="no reconstructions"):
        score_reconstructions(images, images[:2])
