"""Differentiable augmentation: within its bounds, differentiable, and drawn from the given generator only."""

import pytest
import torch

from genstudio.models.diffaug import colour, cut_out, diffaug, translate

SHAPES = [(1, 8, 8), (3, 9, 13), (3, 64, 64)]
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def pictures(shape, count=4):
    return torch.rand(count, *shape, generator=rng(1)) * 2 - 1


@every_shape
def test_it_keeps_shape_and_type_and_changes_every_picture(shape):
    before = pictures(shape)
    after = diffaug(before, 1.0, rng())
    assert after.shape == before.shape
    assert after.dtype == torch.float32
    assert all(not torch.equal(a, b) for a, b in zip(after, before, strict=True))


def test_no_strength_returns_the_pictures_and_draws_nothing():
    before, generator = pictures((1, 8, 8)), rng()
    state = generator.get_state()
    assert diffaug(before, 0.0, generator) is before
    assert torch.equal(generator.get_state(), state)


def test_the_same_generator_gives_the_same_and_the_global_one_is_left_alone():
    before, state = pictures((3, 9, 13)), torch.get_rng_state()
    assert torch.equal(diffaug(before, 1.0, rng(5)), diffaug(before, 1.0, rng(5)))
    assert not torch.equal(diffaug(before, 1.0, rng(5)), diffaug(before, 1.0, rng(6)))
    assert torch.equal(torch.get_rng_state(), state)


@every_shape
def test_gradients_reach_the_pictures(shape):
    before = pictures(shape).requires_grad_()
    diffaug(before, 1.0, rng()).square().sum().backward()
    assert before.grad.isfinite().all()
    assert (before.grad.flatten(1) != 0).any(1).all()


def test_the_middle_of_the_numbers_changes_no_colour():
    before = pictures((3, 8, 8))
    assert torch.allclose(colour(before, 1.0, torch.full((3, 4), 0.5)), before, atol=1e-6)


def test_brightness_saturation_and_contrast_stay_within_their_bounds():
    before = pictures((3, 8, 8), 1)
    neutral = 0.5
    bright = colour(before, 1.0, torch.tensor([[1.0], [neutral], [neutral]]))
    assert torch.allclose(bright, before + 0.5, atol=1e-6)
    grey = colour(before, 1.0, torch.tensor([[neutral], [0.0], [neutral]]))
    assert torch.allclose(grey, before.mean(1, keepdim=True).expand_as(before), atol=1e-6)
    flat = colour(before, 1.0, torch.tensor([[neutral], [neutral], [0.0]]))
    assert flat.std().item() == pytest.approx(0.5 * before.std().item(), rel=1e-5)
    assert torch.allclose(colour(before, 0.5, torch.tensor([[1.0], [neutral], [neutral]])), before + 0.25, atol=1e-6)


@pytest.mark.parametrize(("number", "shift"), [(0.0, -2), (0.5, 0), (0.99999, 2)])
def test_pictures_move_by_whole_pixels_up_to_an_eighth(number, shift):
    before = pictures((2, 16, 17), 1) + 3  # nothing is 0
    after = translate(before, 1.0, torch.tensor([[number], [0.5]]))
    expected = torch.zeros_like(before)
    if shift >= 0:
        expected[:, :, shift:] = before[:, :, : 16 - shift]
    else:
        expected[:, :, :shift] = before[:, :, -shift:]
    assert torch.equal(after, expected)


def test_rows_and_columns_move_on_their_own():
    before = torch.zeros(1, 1, 16, 16)
    before[0, 0, 8, 8] = 1
    after = translate(before, 1.0, torch.tensor([[0.0], [0.99999]]))
    assert after.nonzero().tolist() == [[0, 0, 6, 10]]


def test_the_hole_is_half_as_wide_and_may_stand_over_the_edge():
    before = torch.ones(1, 1, 16, 16)
    inside = cut_out(before, 1.0, torch.tensor([[0.5], [0.5]]))
    assert (inside == 0).sum() == 64
    corner = cut_out(before, 1.0, torch.tensor([[0.0], [0.0]]))
    assert (corner == 0).sum() == 16
    assert (corner[..., :4, :4] == 0).all()
    assert (cut_out(before, 0.5, torch.tensor([[0.5], [0.5]])) == 0).sum() == 16


def test_every_place_is_reached_by_the_hole():
    numbers = torch.rand(2, 2000, generator=rng())
    hidden = (cut_out(torch.ones(2000, 1, 9, 9), 1.0, numbers) == 0).float().mean(0)
    assert hidden.min() > 0.05
