"""What a model must know of its data, and which data networks can take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from genstudio.core.errors import InputError

Shape = tuple[int, int, int]  # height, width, channels
Modality = Literal["image", "points"]

SMALLEST, LARGEST = 8, 64


@dataclass(frozen=True, slots=True)
class Facts:
    """What a model must know of its data.

    Attributes
    ----------
    shape : tuple of int
        (height, width, channels) of pictures; (2,) for points in the plane.
    mean, std : float
        Of the training data: of its pixels in 0..1, or of all its coordinates.
    classes : int
        Labels that the data has; 0 without labels.
    """

    shape: tuple[int, ...]
    mean: float = 0.5
    std: float = 0.3
    classes: int = 0

    @property
    def modality(self) -> Modality:
        return "points" if len(self.shape) == 1 else "image"

    @property
    def item_shape(self) -> tuple[int, ...]:
        """The shape of one item in a batch: (channels, height, width), or (2,)."""
        return (self.shape[2], *self.shape[:2]) if self.modality == "image" else self.shape

    def picture(self) -> Shape:
        """The shape of a picture; raises `InputError` for points and for sizes that no network takes."""
        if self.modality != "image":
            raise InputError("These are points in the plane, no pictures: choose data with pictures for this family.")
        height, width, channels = self.shape
        return check_shape((height, width, channels))

    def need_labels(self) -> int:
        """The number of labels; raises `InputError` when there are none."""
        if not self.classes:
            raise InputError("This data has no labels to learn from: choose other data, or switch “By label” off.")
        return self.classes


def check_shape(shape: Shape) -> Shape:
    """Return `shape`; raise `InputError` when the networks cannot take such pictures."""
    height, width, channels = shape
    if min(height, width) < SMALLEST or max(height, width) > LARGEST:
        raise InputError(
            f"The pictures are {width} x {height} pixels; these networks take {SMALLEST} to {LARGEST} "
            "on each side. Choose other data or resize the pictures."
        )
    if channels not in (1, 3):
        raise InputError(f"The pictures have {channels} channels; 1 (grey) or 3 (colour) can be used.")
    return height, width, channels
