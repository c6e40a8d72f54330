"""Augmentation: each batch is changed a little at random, all of its pictures at once, where they lie."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from genstudio.core.data_config import DataConfig

# Weights of red, green and blue in the lightness that is seen, ITU-R BT.601-7, 2.5.1.
_LUMA = (0.299, 0.587, 0.114)
# Each picture draws as many numbers whatever is asked for, so that one setting does not change another's choices.
_DICE: tuple[str, ...] = ("flip_x", "flip_y", "zoom", "centre_x", "centre_y", "angle", "shift_x", "shift_y")
_COLOUR_DICE: tuple[str, ...] = ("brightness", "contrast", "saturation")

_Dice = dict[str, torch.Tensor]  # float [N] each, in 0..1


def augment(images: torch.Tensor, config: DataConfig, rng: torch.Generator) -> torch.Tensor:
    """Change each picture at random as far as the settings allow.

    Mirroring, then a random part enlarged, turned and moved, in one bilinear resampling; then brightness, contrast
    and saturation; then grain. Mirroring alone copies pixels exactly.

    Parameters
    ----------
    images : float [N, C, H, W] in 0..1
        Not changed itself. Grey (C = 1) or RGB (C = 3); saturation is for RGB only.
    config : DataConfig
        Its augmentation group.
    rng : torch.Generator
        Where the randomness comes from. Its device may be another than that of the pictures.

    Returns
    -------
    float [N, C, H, W] in 0..1
        Same dtype and device, channels last in memory. The input itself, with nothing drawn, when no augmentation
        is asked for.
    """
    if not config.augments or not len(images):
        return images
    names = _DICE + _COLOUR_DICE
    drawn = torch.rand(len(names), len(images), generator=rng, device=rng.device).to(images.device)
    dice = dict(zip(names, drawn, strict=True))
    moves = any((config.shift, config.zoom, config.rotation))
    if not moves and not config.colour and not config.grain:
        return _mirrored(images, config, dice).contiguous(memory_format=torch.channels_last)
    # Half precision would blur positions and colours alike; the result goes back to it.
    result = images.float()
    result = _moved(result, config, dice) if moves else _mirrored(result, config, dice)
    if config.colour:
        result = _coloured(result, config.colour, dice)
    if config.grain:
        grain = torch.randn(result.shape, generator=rng, device=rng.device).to(result.device)
        result = result + config.grain * grain
    return result.clamp(0, 1).to(images.dtype).contiguous(memory_format=torch.channels_last)


def _flips(config: DataConfig, dice: _Dice) -> tuple[torch.Tensor, torch.Tensor]:
    """bool [N] for each axis: half of the pictures, those of the two axes independent of each other."""
    across = (dice["flip_x"] < 0.5) & (config.flip in ("horizontal", "both"))
    down = (dice["flip_y"] < 0.5) & (config.flip in ("vertical", "both"))
    return across, down


def _mirrored(images: torch.Tensor, config: DataConfig, dice: _Dice) -> torch.Tensor:
    if config.flip == "none":
        return images
    across, down = (mask[:, None, None, None] for mask in _flips(config, dice))
    images = torch.where(across, images.flip(3), images)
    return torch.where(down, images.flip(2), images)


def _moved(images: torch.Tensor, config: DataConfig, dice: _Dice) -> torch.Tensor:
    """One affine resampling; what lies beyond the border repeats it."""
    grid = _places(config, dice, *images.shape[2:])
    # Held within the centres of the outermost pixels, which is what "border" does; that mode is not on every device.
    height, width = images.shape[2:]
    edge = 1 - 1 / torch.tensor([width, height], dtype=grid.dtype, device=grid.device)
    grid = torch.maximum(torch.minimum(grid, edge), -edge)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def _places(config: DataConfig, dice: _Dice, height: int, width: int) -> torch.Tensor:
    """float [N, H, W, 2]: where in the picture each pixel of the result looks, as x and y from -1 to 1.

    Pixel p looks at ``mirror (size turn (p - move) + centre)``: the part that is enlarged lies within the picture,
    and corners that turn into sight show what is around that part, as far as there is something. Written without
    matrix products, which some devices round to 10 bits.
    """
    unit = {name: values[:, None, None] for name, values in dice.items()}  # [N, 1, 1] in 0..1
    span = {name: 2 * values - 1 for name, values in unit.items()}  # in -1..1
    x, y = (
        (2 * torch.arange(side, device=values.device, dtype=values.dtype) + 1) / side - 1 - 2 * config.shift * values
        for side, values in ((width, span["shift_x"]), (height, span["shift_y"]))
    )
    y = y.transpose(1, 2)  # [N, H, 1] beside [N, 1, W]
    size = 1 - config.zoom * unit["zoom"]
    angle = torch.deg2rad(config.rotation * span["angle"])
    cos, sin = size * torch.cos(angle), size * torch.sin(angle)
    # A pixel is as tall as wide, so that a picture that is not square is turned and not sheared.
    look_x = cos * x - sin * (height / width) * y + (1 - size) * span["centre_x"]
    look_y = sin * (width / height) * x + cos * y + (1 - size) * span["centre_y"]
    across, down = (mask[:, None, None] for mask in _flips(config, dice))
    return torch.stack([torch.where(across, -look_x, look_x), torch.where(down, -look_y, look_y)], -1)


def _coloured(images: torch.Tensor, share: float, dice: _Dice) -> torch.Tensor:
    """Brightness scales all values, contrast those around the mean lightness, saturation those around each grey."""
    light, contrast, colour = (1 + share * (2 * dice[name] - 1)[:, None, None, None] for name in _COLOUR_DICE)
    images = images * light
    mean = _lightness(images).mean((1, 2, 3), keepdim=True)
    images = mean + contrast * (images - mean)
    if images.shape[1] != 3:
        return images
    grey = _lightness(images)
    return grey + colour * (images - grey)


def _lightness(images: torch.Tensor) -> torch.Tensor:
    """[N, 1, H, W]."""
    if images.shape[1] != 3:
        return images.mean(1, keepdim=True)
    weights = torch.tensor(_LUMA, dtype=images.dtype, device=images.device)
    return (images * weights[:, None, None]).sum(1, keepdim=True)
