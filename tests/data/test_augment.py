"""Augmentation: each setting does what its help says, no more, and nothing is drawn when nothing is asked for."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from genstudio.core.data_config import DataConfig
from genstudio.data.augment import augment

SETTINGS = {"flip": "both", "shift": 0.2, "zoom": 0.3, "rotation": 30.0, "colour": 0.4, "grain": 0.1}


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def noise(count=4, channels=3, height=8, width=8, seed=1):
    images = torch.rand(count, channels, height, width, generator=rng(seed))
    return images.contiguous(memory_format=torch.channels_last)


def changed(images, seed=0, **chosen):
    return augment(images, DataConfig(**chosen), rng(seed))


def dots(count, side=33, row=16, column=16):
    """Black pictures with one white pixel, 3 x 3 so that resampling keeps its centre of mass."""
    images = torch.zeros(count, 1, side, side)
    images[:, :, row - 1 : row + 2, column - 1 : column + 2] = 1
    return images


def centres(images):
    """float [N, 2]: centre of mass as (row, column) in pixels."""
    weight = images[:, 0]
    total = weight.sum((1, 2))
    lines = torch.arange(images.shape[2], dtype=torch.float32), torch.arange(images.shape[3], dtype=torch.float32)
    rows = (weight.sum(2) * lines[0]).sum(1) / total
    return torch.stack([rows, (weight.sum(1) * lines[1]).sum(1) / total], 1)


# --- nothing, and the same thing again -----------------------------------------------------------------


def test_nothing_asked_for_gives_the_input_itself_and_draws_nothing():
    images, generator = noise(), rng()
    before = generator.get_state()
    assert augment(images, DataConfig(), generator) is images
    assert torch.equal(generator.get_state(), before)


@settings(max_examples=40)
@given(st.sets(st.sampled_from(sorted(SETTINGS)), min_size=1), st.integers(0, 99), st.sampled_from([1, 3]))
def test_any_settings_keep_shape_type_range_and_input_and_repeat_exactly(names, seed, channels):
    images = noise(3, channels, 7, 9)
    kept, chosen = images.clone(), {name: SETTINGS[name] for name in names}
    result = changed(images, seed, **chosen)
    assert (result.shape, result.dtype, result.device) == (images.shape, images.dtype, images.device)
    assert result.is_contiguous(memory_format=torch.channels_last)
    assert 0 <= result.min() <= result.max() <= 1
    assert torch.equal(images, kept)
    assert torch.equal(result, changed(images, seed, **chosen))
    assert not torch.equal(result, changed(images, seed + 1, **chosen)) or names == {"flip"}


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
@pytest.mark.parametrize("chosen", [{"flip": "both"}, SETTINGS], ids=["flip", "all"])
def test_other_precisions_stay_what_they_are_and_positions_are_not_rounded(dtype, chosen):
    images = noise(6, 3, 64, 64).to(dtype)
    result = changed(images, **chosen)
    assert result.dtype == dtype
    exact = changed(images.float(), **chosen)
    assert torch.allclose(result.float(), exact, atol=1 / 128 if chosen is SETTINGS else 0)


def test_automatic_half_precision_does_not_reach_it():
    images = noise(6, 3, 64, 64)
    with torch.autocast("cpu", torch.bfloat16):
        result = changed(images, **SETTINGS)
    assert torch.equal(result, changed(images, **SETTINGS))


@pytest.mark.parametrize("shape", [(0, 3, 8, 8), (1, 1, 1, 1), (2, 3, 1, 5), (2, 1, 5, 2)])
def test_odd_shapes_work(shape):
    assert changed(torch.rand(shape), **SETTINGS).shape == shape


def test_one_setting_does_not_change_what_another_draws():
    images = noise(64)
    flipped = changed(images, flip="horizontal")
    still = [torch.equal(a, b) for a, b in zip(flipped, images, strict=True)]
    moved, unflipped = changed(images, flip="horizontal", shift=0.2), changed(images, shift=0.2)
    assert [torch.allclose(a, b, atol=1e-5) for a, b in zip(moved, unflipped, strict=True)] == still


# --- flip ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flip", "axes"), [("horizontal", [(3,)]), ("vertical", [(2,)]), ("both", [(3,), (2,), (2, 3)])]
)
def test_flip_mirrors_half_of_the_pictures_exactly(flip, axes):
    images = noise(600, 3, 4, 4)
    result = changed(images, flip=flip)
    versions = [images, *(images.flip(axis) for axis in axes)]
    shares = [float((result == version).all((1, 2, 3)).float().mean()) for version in versions]
    assert sum(shares) == pytest.approx(1)
    for share in shares:  # 0.5, or 0.25 when the axes are mirrored independently
        assert share == pytest.approx(1 / len(versions), abs=0.07)


@settings(max_examples=40)
@given(st.sampled_from(["horizontal", "vertical", "both"]), st.integers(0, 99), st.integers(1, 6), st.integers(1, 6))
def test_flip_keeps_the_pixels_of_each_picture(flip, seed, height, width):
    images = noise(5, 1, height, width)
    result = changed(images, seed, flip=flip)
    assert torch.equal(result.flatten(1).sort(1).values, images.flatten(1).sort(1).values)


def test_flip_is_the_same_when_it_is_resampled_with_a_move():
    images = noise(40)
    result = changed(images, flip="both", rotation=1e-6)
    assert torch.allclose(result, changed(images, flip="both"), atol=1e-4)


# --- shift, crop, rotation -----------------------------------------------------------------------------


def test_shift_moves_a_dot_by_up_to_its_share_of_the_side_both_ways():
    moved = centres(changed(dots(400, side=41, row=20, column=20), shift=0.25)) - 20
    limit = 0.25 * 41
    assert moved.abs().max() <= limit + 1e-3
    for axis in range(2):
        assert moved[:, axis].min() < -0.95 * limit
        assert moved[:, axis].max() > 0.95 * limit
        assert abs(float(moved[:, axis].mean())) < 0.1 * limit
    assert abs(float(torch.corrcoef(moved.T)[0, 1])) < 0.15


def test_shift_repeats_the_border():
    ramp = torch.linspace(0, 1, 16).expand(20, 1, 16, 16)
    result = changed(ramp, shift=0.5)
    assert torch.allclose(result[:, :, :1].expand_as(result), result, atol=1e-5)  # rows alike: nothing new came in
    steps = result.diff(dim=3)
    assert steps.min() > -1e-5
    assert steps.max() < 1 / 15 + 1e-5
    white = torch.ones(20, 3, 9, 9)
    assert torch.allclose(changed(white, shift=0.5, rotation=180.0, zoom=0.5), white, atol=1e-5)


def test_crop_enlarges_by_up_to_its_share_and_stays_within_the_picture():
    line = torch.linspace(0, 1, 64)
    across = changed(line.expand(400, 1, 64, 64), zoom=0.4)[:, 0]
    down = changed(line[:, None].expand(400, 1, 64, 64), zoom=0.4)[:, 0]
    for lines in (across[:, 5], down[:, :, 5]):
        seen = (lines[:, -2] - lines[:, 1]) / (line[-2] - line[1])  # the share of the side that is left
        assert 0.6 - 1e-4 <= seen.min() < 0.62
        assert 0.98 < seen.max() <= 1 + 1e-4
        assert lines.min(1).values.max() > 0.25  # the part is not always the middle one
        assert lines.max(1).values.min() < 0.75
    assert torch.allclose((across[:, 5, -2] - across[:, 5, 1]), (down[:, -2, 5] - down[:, 1, 5]), atol=1e-4)


@pytest.mark.parametrize(("height", "width"), [(65, 65), (33, 65)])
def test_rotation_keeps_the_distance_and_reaches_the_angle_both_ways(height, width):
    middle = torch.tensor([height // 2, width // 2])
    images = torch.zeros(300, 1, height, width)
    images[:, :, middle[0] - 1 : middle[0] + 2, middle[1] + 9 : middle[1] + 12] = 1
    offset = centres(changed(images, rotation=60.0)) - middle
    assert torch.allclose(offset.norm(dim=1), torch.full((300,), 10.0), atol=0.1)
    angles = torch.rad2deg(torch.atan2(offset[:, 0], offset[:, 1]))
    assert angles.abs().max() <= 60.5
    assert angles.min() < -55
    assert angles.max() > 55


def test_rotation_of_a_quarter_moves_one_corner_to_the_next():
    image = torch.zeros(1, 1, 8, 8)
    image[0, 0, 0, 0] = 1  # top left
    result = changed(image.expand(2000, 1, 8, 8), rotation=90.0)
    corners = torch.stack([result[:, 0, 0, -1], result[:, 0, -1, 0]])
    assert corners.max(1).values.min() > 0.9  # to the right one when clockwise, to the lower one otherwise
    assert result[:, 0, -1, -1].max() < 0.1


def test_resampling_agrees_with_the_border_mode_of_torch():
    images, config = noise(50, 3, 12, 20), DataConfig(flip="both", shift=0.4, zoom=0.3, rotation=180.0)
    dice = torch.rand(11, 50, generator=rng(3))
    flip_x, flip_y, zoom, cx, cy, angle, sx, sy = dice[:8]
    size, turn = 1 - 0.3 * zoom, torch.deg2rad(180 * (2 * angle - 1))
    pixels = torch.tensor([[20.0, 0], [0, 12.0]])  # half-sides, up to a factor
    spin = torch.stack([torch.stack([turn.cos(), -turn.sin()], 1), torch.stack([turn.sin(), turn.cos()], 1)], 1)
    matrix = size[:, None, None] * (torch.linalg.inv(pixels) @ spin @ pixels)
    move = 0.8 * torch.stack([2 * sx - 1, 2 * sy - 1], 1)
    centre = (1 - size)[:, None] * torch.stack([2 * cx - 1, 2 * cy - 1], 1)
    offset = centre - (matrix @ move[:, :, None])[:, :, 0]
    mirror = torch.where(torch.stack([flip_x, flip_y], 1) < 0.5, -1.0, 1.0)
    theta = mirror[:, :, None] * torch.cat([matrix, offset[:, :, None]], 2)
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    expected = F.grid_sample(images, grid, padding_mode="border", align_corners=False)
    assert torch.allclose(augment(images, config, rng(3)), expected, atol=1e-4)


# --- colour and grain ----------------------------------------------------------------------------------


def test_light_changes_by_up_to_its_share():
    grey = torch.full((500, 1, 4, 4), 0.4)
    factor = changed(grey, colour=0.5)[:, 0, 0, 0] / 0.4
    assert 0.5 - 1e-4 <= factor.min() < 0.52
    assert 1.48 < factor.max() <= 1.5 + 1e-4
    assert float(factor.mean()) == pytest.approx(1, abs=0.05)


def test_contrast_changes_by_up_to_its_share_and_grey_pictures_keep_their_mean():
    two = torch.tensor([0.4, 0.6]).repeat(500, 1, 2, 1)
    result = changed(two, colour=0.3)[:, 0, 0]
    spread = (result[:, 1] - result[:, 0]) / result.mean(1) / 0.4
    assert 0.7 - 1e-3 <= spread.min() < 0.73
    assert 1.27 < spread.max() <= 1.3 + 1e-3


def test_saturation_changes_colours_and_not_their_lightness():
    light_red, dark = torch.tensor([0.6, 0.4, 0.5]), torch.tensor([0.3, 0.3, 0.3])
    pair = torch.stack([light_red, dark], 1).reshape(1, 3, 1, 2).expand(500, 3, 1, 2)
    result = changed(pair, colour=0.3)[:, :, 0]
    luma = torch.tensor([0.299, 0.587, 0.114])
    lightness = (result * luma[:, None]).sum(1)
    # Brightness and contrast stretch colours and lightness alike; what is left is saturation.
    stretched = (lightness[:, 0] - lightness[:, 1]) / ((light_red - dark) @ luma)
    strength = (result[:, 0, 0] - result[:, 1, 0]) / stretched / 0.2
    assert 0.7 - 1e-3 <= strength.min() < 0.73
    assert 1.27 < strength.max() <= 1.3 + 1e-3
    ratio = (result[:, 2] - result[:, 1])[:, 0] / (result[:, 0] - result[:, 1])[:, 0]
    assert torch.allclose(ratio, torch.full((500,), 0.5), atol=1e-3)  # the hue stays
    assert torch.allclose(result[:, 0, 1], result[:, 1, 1], atol=1e-5)  # grey stays grey


def test_grey_in_colour_stays_grey():
    result = changed(noise(20, 1).expand(20, 3, 8, 8), colour=0.9)
    assert torch.allclose(result[:, 0], result[:, 1], atol=1e-5)
    assert torch.allclose(result[:, 0], result[:, 2], atol=1e-5)


@pytest.mark.parametrize("grain", [0.02, 0.1])
def test_grain_has_the_standard_deviation_asked_for(grain):
    flat = torch.full((50, 3, 16, 16), 0.5)
    added = (changed(flat, grain=grain) - flat).numpy()
    assert added.std() == pytest.approx(grain, rel=0.03)
    assert abs(added.mean()) < 0.05 * grain
    assert abs(np.corrcoef(added[:, 0].ravel(), added[:, 1].ravel())[0, 1]) < 0.05


def test_grain_beyond_black_and_white_is_clipped():
    result = changed(torch.ones(4, 1, 16, 16), grain=0.5)
    assert result.max() == 1
    assert (result == 1).float().mean() == pytest.approx(0.5, abs=0.1)
