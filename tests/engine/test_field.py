"""What is drawn of a model of points: every number is checked against a model that is known in closed form."""

import json
import zipfile

import numpy as np
import pytest
import torch
from torch import nn

from genstudio.core.config import knob
from genstudio.core.events import Field
from genstudio.data.synthetic import load
from genstudio.engine import field_file
from genstudio.engine.field import MORE, REAL, SAMPLES, SIDE, density, field, lattice, probability, slope, view_of
from genstudio.models.base import Facts, FamilyConfig, GenerativeModel

FACTS = Facts((2,), 0.0, 1.0)


class Shifted(GenerativeModel):
    """Samples are noise moved by a learnt vector."""

    sampling = "moved noise"
    latent_dim = 2

    def __init__(self, by=(3.0, 0.0)):
        super().__init__(FamilyConfig(), FACTS)
        self.by = nn.Parameter(torch.tensor(by))
        self.asked = 0

    def training_step(self, batch, context):
        raise NotImplementedError

    def sample(self, noise, labels=None):
        self.asked += len(noise)
        return noise + self.by


class Choice(FamilyConfig):
    loss: str = knob("non-saturating", label="Loss", help="What scores mean.")


class Judging(Shifted):
    """Its critic's score is x + 2 y; `loss` says what scores mean."""

    def __init__(self, loss="non-saturating"):
        super().__init__()
        self.slopes = nn.Parameter(torch.tensor([1.0, 2.0]))
        self.config = Choice(loss=loss)

    def critic(self, items, labels=None):
        return items @ self.slopes


class Flowing(Shifted):
    """Its velocity is t · (−y, x)."""

    def velocity(self, items, t, labels=None):
        return t[:, None] * torch.stack([-items[:, 1], items[:, 0]], 1)


class Mute(GenerativeModel):
    def training_step(self, batch, context):
        raise NotImplementedError


@pytest.fixture
def noise():
    return torch.randn(SAMPLES + MORE, 2, generator=torch.Generator().manual_seed(0))


REAL_POINTS = np.array([[0.0, 1.0], [1.0, -1.0]], np.float32)


# --- what is seen ------------------------------------------------------------------------------------


def test_a_sample_comes_from_the_same_noise_at_each_step_so_that_it_can_be_followed(noise):
    model = Shifted()
    first = field(model, REAL_POINTS, noise, 4.0, step=1, caption="c")
    with torch.no_grad():
        model.by.add_(torch.tensor([0.5, -0.25]))
    second = field(model, REAL_POINTS, noise, 4.0, step=2)
    assert np.allclose(second.samples - first.samples, [0.5, -0.25], atol=1e-6)
    assert first.samples.shape == (SAMPLES, 2)
    assert (first.step, first.caption, first.real.tolist()) == (1, "c", REAL_POINTS.tolist())


def test_without_a_critic_the_surface_is_the_density_of_more_samples_than_are_shown(noise):
    model = Shifted((0.0, 0.0))
    found = field(model, REAL_POINTS, noise, 6.0)
    assert model.asked == SAMPLES + MORE
    assert found.surface_name == "density of samples"
    assert found.arrows is None
    middle = found.surface[SIDE // 2 - 1 : SIDE // 2 + 1, SIDE // 2 - 1 : SIDE // 2 + 1].mean()
    assert middle == pytest.approx(1 / (2 * np.pi), rel=0.15)  # of a standard normal, in points per unit of area
    assert found.surface.sum() * (12 / SIDE) ** 2 == pytest.approx(1, abs=0.01)


def test_the_surface_of_a_critic_is_its_probability_with_y_going_up_and_arrows_are_its_gradient(noise):
    found = field(Judging(), REAL_POINTS, noise, 4.0)
    assert found.surface_name == "critic: probability of real"
    corner = 4 - 4 / SIDE  # middle of the outermost cell
    for row, column, score in ((0, 0, -3), (-1, 0, 1), (0, -1, -1), (-1, -1, 3)):
        assert found.surface[row, column] == pytest.approx(1 / (1 + np.exp(-score * corner)), rel=1e-3, abs=1e-5)
    assert np.allclose(found.arrows, [1, 2])
    assert len(found.arrows) == len(found.samples)
    assert found.arrow_starts is None


def test_scores_without_a_zero_are_put_between_real_and_drawn_ones():
    scores = torch.tensor([100.0, 105.0, 110.0])
    real, drawn = torch.tensor([108.0, 112.0]), torch.tensor([100.0])
    for loss in ("wasserstein", "relativistic"):
        values, meaning = probability(Judging(loss), scores, real, drawn)
        assert values.tolist() == pytest.approx(torch.sigmoid(scores - 105).tolist())
        assert "more real" in meaning
    values, meaning = probability(Judging("hinge"), scores, real, drawn)
    assert values.tolist() == pytest.approx([1, 1, 1])
    assert "probability" not in meaning


def test_arrows_of_a_flow_are_its_velocity_halfway_on_a_lattice(noise):
    found = field(Flowing(), REAL_POINTS, noise, 4.0, centre=(1.0, 2.0))
    starts = found.arrow_starts
    assert starts.min(0).tolist() == pytest.approx([1 - 4 + 4 / 17, 2 - 4 + 4 / 17])
    assert starts.max(0).tolist() == pytest.approx([1 + 4 - 4 / 17, 2 + 4 - 4 / 17])
    assert np.allclose(found.arrows, 0.5 * np.stack([-starts[:, 1], starts[:, 0]], 1))
    assert found.surface_name == "density of samples"


def test_a_model_that_draws_nothing_has_no_field(noise):
    assert field(Mute(FamilyConfig(), FACTS), REAL_POINTS, noise, 4.0) is None


# --- looking changes nothing -------------------------------------------------------------------------


def test_looking_leaves_gradients_and_global_random_numbers_alone(noise):
    model = Judging()
    before = torch.get_rng_state()
    field(model, REAL_POINTS, noise, 4.0)
    assert torch.equal(torch.get_rng_state(), before)
    assert all(p.grad is None and p.requires_grad for p in model.parameters())


def test_a_slope_is_told_without_gradients_being_on():
    with torch.no_grad():
        assert slope(Judging(), torch.zeros(3, 2)).tolist() == [[1, 2]] * 3


# --- where -------------------------------------------------------------------------------------------


def test_data_around_the_origin_has_it_in_the_middle_and_other_data_its_own_middle():
    for name in ("rings", "grid"):
        points = load(name).points
        centre, extent = view_of(points)
        assert centre == (0.0, 0.0)
        assert np.abs(points).max() < extent < 1.3 * np.abs(points).max()
    centre, extent = view_of(np.array([[1000, 5], [1010, 7]], np.float32))
    assert centre == (1005.0, 6.0)
    assert extent == pytest.approx(5.8)
    assert view_of(np.zeros((3, 2), np.float32)) == ((0.0, 0.0), 1.0)


def test_a_lattice_tiles_the_square_row_by_row_from_below():
    assert lattice(2, 1.0, (10.0, 0.0)).tolist() == [[9.5, -0.5], [10.5, -0.5], [9.5, 0.5], [10.5, 0.5]]


def test_points_outside_or_not_finite_take_their_share_of_the_density_with_them():
    points = np.array([[0.1, 0.1], [9, 0], [np.nan, 0], [np.inf, 1]], np.float32)
    surface = density(points, 4.0)
    assert surface.sum() * (8 / SIDE) ** 2 == pytest.approx(0.25)
    row, column = np.unravel_index(surface.argmax(), surface.shape)
    assert (row, column) == (SIDE // 2, SIDE // 2)
    assert density(np.empty((0, 2), np.float32), 4.0).max() == 0


def test_the_density_lies_where_the_points_lie_around_another_centre():
    surface = density(np.array([[12.0, 7.0]], np.float32), 4.0, (10.0, 5.0))
    row, column = np.unravel_index(surface.argmax(), surface.shape)
    middles = lattice(SIDE, 4.0, (10.0, 5.0)).reshape(SIDE, SIDE, 2)
    assert np.abs(middles[row, column].numpy() - [12, 7]).max() <= 4 / SIDE + 1e-6


# --- kept with the run -------------------------------------------------------------------------------


def same(a, b):
    arrays = ("real", "samples", "arrows", "arrow_starts", "surface")
    plain = ("step", "surface_name", "extent", "centre", "caption")
    pairs = [(getattr(a, n), getattr(b, n)) for n in arrays]
    return all(getattr(a, n) == getattr(b, n) for n in plain) and all(
        (x is None and y is None) or np.array_equal(x, y) for x, y in pairs
    )


@pytest.mark.parametrize("model", [Shifted(), Judging(), Flowing()], ids=["density", "critic", "flow"])
def test_a_field_comes_back_from_its_file_as_it_was(tmp_path, noise, model):
    found = field(model, load("rings").points[:REAL], noise, 2.5, (0.5, 0.0), 77, "drawn · EMA weights")
    field_file.save(tmp_path, found)
    assert same(field_file.newest(tmp_path), found)
    assert field_file.newest(tmp_path / "elsewhere") is None


def spoilt(data, path):
    """The same file damaged in many ways."""
    yield b""
    yield data[: len(data) // 2]
    yield data[:100] + b"\0" * 50 + data[150:]
    facts = {"step": 1, "surface_name": "", "extent": 4.0, "centre": [0, 0], "caption": ""}
    points = np.zeros((3, 2), np.float32)
    good = {"real": points, "samples": points}
    for change in (
        {"extent": 0}, {"extent": "wide"}, {"extent": float("nan")}, {"centre": 3}, {"centre": [1, 2, 3]},
        {"step": "x"},
    ):  # fmt: skip
        yield packed(path, {**facts, **change}, good)
    for change in (
        {"real": np.zeros(3, np.float32)}, {"samples": points.astype(np.float64)}, {"arrows": points[:2]},
        {"surface": np.zeros((3, 4), np.float32)}, {"surface": np.zeros((0, 0), np.float32)},
        {"arrow_starts": points, "arrows": points[:1]},
    ):  # fmt: skip
        yield packed(path, facts, {**good, **change})
    yield packed(path, facts, {"samples": points})
    yield packed(path, [], good)


def packed(path, facts, arrays):
    text = np.frombuffer(json.dumps(facts).encode(), np.uint8)
    np.savez(path, facts=text, **arrays)
    return path.read_bytes()


def test_a_damaged_field_is_as_good_as_none(tmp_path, noise):
    path = field_file.save(tmp_path, field(Judging(), REAL_POINTS, noise, 4.0))
    for data in spoilt(path.read_bytes(), tmp_path / "other.npz"):
        path.write_bytes(data)
        assert field_file.newest(tmp_path) is None, data[:40]


def test_a_field_that_would_fill_the_memory_is_not_read(tmp_path):
    folder = tmp_path / "samples"
    folder.mkdir()
    with zipfile.ZipFile(folder / "field.npz", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("real.npy", b"\0" * (20 << 20))
    assert field_file.newest(tmp_path) is None


def test_numbers_that_are_not_finite_survive_the_file(tmp_path):
    points = np.array([[np.nan, np.inf]], np.float32)
    kept = Field(3, points, points)
    field_file.save(tmp_path, kept)
    assert np.isnan(field_file.newest(tmp_path).samples[0, 0])


# --- the families ------------------------------------------------------------------------------------


def test_following_the_velocity_of_a_flow_by_hand_gives_its_samples():
    from genstudio.models.flow import Flow

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        flow = Flow(Flow.Config(sampling_steps=20, heun=False), Facts((2,), 1.5, 2.0)).eval()
    noise = torch.randn(6, 2, generator=torch.Generator().manual_seed(1))
    x = 2.0 * noise + 1.5
    with torch.no_grad():
        for i in range(20):
            x = x + flow.velocity(x, torch.full((1,), i / 20)) / 20
        assert torch.allclose(x, flow.sample(noise), atol=1e-4)
