"""What a trained model is asked for: samples, reconstructions, codes."""

import numpy as np
import pytest
import torch
from tiny_runs import drive, spec_of

from genstudio.core.errors import InputError
from genstudio.data import Dataset, open_source
from genstudio.engine import use
from genstudio.engine.load import load_trained
from genstudio.engine.run import Run
from genstudio.models import families

ENCODING = [name for name in families if hasattr(families.load(name), "encode")]
every_family = pytest.mark.parametrize("trained", list(families), indirect=True)
every_encoder = pytest.mark.parametrize("trained", ENCODING, indirect=True)


@pytest.fixture(scope="module")
def trained(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("use") / "r"
    drive(spec_of(getattr(request, "param", "vae"), steps=40), path)
    return load_trained(Run.open(path), "cpu")


@every_family
def test_samples_are_bytes_of_the_shape_of_the_data(trained):
    drawn = use.sample(trained, 10)
    assert (drawn.dtype, drawn.shape) == (np.uint8, (10, 8, 8, 1))


@every_family
def test_same_seed_same_samples_whatever_their_number(trained):
    many = use.sample(trained, 600, seed=5)
    for count in (1, 2, 3, 17, 256, 257, 599):
        few = use.sample(trained, count, seed=5).astype(int)
        # one grey level: the last bits of a sum depend on how many are summed at once
        assert np.abs(few - many[:count]).max() <= 1
    assert not np.array_equal(use.sample(trained, 10, seed=6), many[:10])
    assert not np.array_equal(many[:256], many[256:512])


@every_family
def test_sampling_does_not_touch_the_global_generator(trained):
    state = torch.get_rng_state()
    use.sample(trained, 3)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("count", [0, -1])
def test_no_samples_are_refused(trained, count):
    with pytest.raises(InputError, match="at least 1"):
        use.sample(trained, count)


@every_encoder
def test_reconstructions_and_codes_are_in_the_order_of_the_data(trained):
    data = open_source("digits")
    drawn, codes = use.reconstruct(trained, data), use.encode(trained, data)
    assert (drawn.dtype, drawn.shape) == (np.uint8, data.images.shape)
    assert (codes.dtype, codes.shape) == (np.float32, (1797, trained.model.latent_dim))
    backwards = Dataset("x", "x", np.ascontiguousarray(data.images[::-1]))
    np.testing.assert_allclose(use.encode(trained, backwards)[::-1], codes, rtol=1e-4, atol=1e-5)
    assert np.abs(use.reconstruct(trained, backwards)[::-1].astype(int) - drawn).max() <= 1


@every_encoder
def test_progress_counts_up_to_the_end(trained):
    seen = []
    use.encode(trained, open_source("digits"), lambda done, total: seen.append((done, total)))
    assert [done for done, _ in seen] == [*range(256, 1797, 256), 1797]
    assert {total for _, total in seen} == {1797}


@pytest.mark.parametrize("shape", [(9, 8, 1), (8, 8, 3), (28, 28, 1)])
def test_pictures_of_another_size_are_refused_in_pixels(trained, shape):
    data = Dataset("elsewhere", "elsewhere", np.zeros((2, *shape), np.uint8))
    for work in (use.reconstruct, use.encode):
        with pytest.raises(InputError, match="“elsewhere” has pictures of") as caught:
            work(trained, data)
        assert "8 x 8 pixels" in str(caught.value)


def test_a_run_without_a_checkpoint_is_refused(tmp_path):
    with pytest.raises(InputError, match="has no checkpoint yet: train it first"):
        load_trained(Run.create(tmp_path / "r"))


def test_averaged_weights_are_used_where_the_run_keeps_them(tmp_path):
    for ema, expected in ((0.0, "raw"), (0.9, "EMA")):
        path = tmp_path / expected
        drive(spec_of("vae", {"ema": ema}, steps=5), path)
        trained = load_trained(Run.open(path), "cpu")
        saved = Run.open(path).load_checkpoint()
        assert (trained.weights, trained.step) == (expected, 5)
        assert (saved.ema is None) == (ema == 0)
        kept = saved.weights if saved.ema is None else saved.ema
        assert all(torch.equal(value, kept[name]) for name, value in trained.model.state_dict().items())
        assert not trained.model.training


def test_mean_squared_error_is_per_pixel_of_the_unit_range():
    a, b = np.zeros((600, 2, 2, 1), np.uint8), np.full((600, 2, 2, 1), 51, np.uint8)
    assert use.mean_squared_error(a, b) == pytest.approx(0.04)
    assert use.mean_squared_error(a, a) == 0


def test_what_a_model_cannot_do_is_said(trained):
    class Mute(torch.nn.Module):
        """A model without any capability."""

    mute = type(trained)(Mute(), trained.document, trained.machine, 0, "raw")
    with pytest.raises(InputError, match="cannot draw samples"):
        use.sample(mute, 3)
    with pytest.raises(InputError, match="cannot reconstruct"):
        use.reconstruct(mute, open_source("digits"))
    with pytest.raises(InputError, match="has no codes"):
        use.encode(mute, open_source("digits"))


def test_samples_by_label_come_in_the_order_asked_for(tmp_path):
    drive(spec_of("vae", {"conditional": True}, steps=3), tmp_path / "r")
    trained = load_trained(Run.open(tmp_path / "r"), "cpu")
    assert use.label_numbers(trained, ()).tolist() == list(range(10))
    assert use.label_numbers(trained, ("7", "2")).tolist() == [7, 2]
    seven_and_two, seven = use.sample(trained, 4, labels=("7", "2")), use.sample(trained, 4, labels=("7",))
    assert np.array_equal(seven_and_two[::2], seven[::2])
    assert not np.array_equal(seven_and_two, seven)
    with pytest.raises(InputError, match="no label “cat”; there are 0, 1, 2"):
        use.sample(trained, 4, labels=("cat",))


def test_a_model_that_knows_no_labels_is_asked_for_none(trained):
    with pytest.raises(InputError, match="not trained by label"):
        use.sample(trained, 4, labels=("7",))


@pytest.fixture(scope="module")
def of_points(tmp_path_factory):
    path = tmp_path_factory.mktemp("points") / "r"
    drive(spec_of("vae", {"latent_dim": 2}, data="rings", steps=5), path)
    return load_trained(Run.open(path), "cpu")


def test_points_are_sampled_reconstructed_and_encoded_as_numbers(of_points):
    data = open_source("rings")
    for items, count in ((use.sample(of_points, 300), 300), (use.reconstruct(of_points, data), 10_000)):
        assert (items.dtype, items.shape) == (np.float32, (count, 2))
    assert use.encode(of_points, data).shape == (10_000, 2)
    assert use.mean_squared_error(data.points, data.points + 0.5) == pytest.approx(0.25, rel=1e-3)


def test_points_and_pictures_are_not_taken_for_each_other(of_points, trained):
    with pytest.raises(InputError, match="“digits” has no points"):
        use.encode(of_points, open_source("digits"))
    with pytest.raises(InputError, match="“rings” holds points"):
        use.encode(trained, open_source("rings"))
