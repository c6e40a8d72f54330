"""A set of pictures to look at, and what they are called. Knows nothing of Qt."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genstudio.core.events import Images

NO_PICTURES: Images = np.empty((0, 1, 1, 1), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """Pictures, what they were made from, what they are called.

    Attributes
    ----------
    images : uint8 [N, H, W, C]
        C is 1 or 3; may be memory-mapped, is not copied.
    inputs : uint8 [N, H, W, C] or None
    caption : str
        What they all are: "samples from fixed latents, EMA weights".
    labels : sequence of str or None, or None
        What each is, N long.
    facts : sequence of mappings or None, or None
        Where each comes from, N long; goes into its file. Such a picture is saved without its input, so that the file
        is the picture that the facts speak of.
    columns : int or None
        Pictures in a row; None for as many as fit.
    """

    images: Images
    inputs: Images | None = None
    caption: str = ""
    labels: Sequence[str | None] | None = None
    facts: Sequence[Mapping[str, Any] | None] | None = None
    columns: int | None = None

    def __post_init__(self) -> None:
        images, inputs = self.images, self.inputs
        if images.ndim != 4 or images.shape[3] not in (1, 3) or images.dtype != np.uint8:
            raise ValueError(f"pictures must be uint8 [N, H, W, 1 or 3], not {images.dtype} {images.shape}")
        if len(images) and not images.size:
            raise ValueError(f"pictures without pixels: {images.shape}")
        if inputs is not None and (inputs.shape != images.shape or inputs.dtype != np.uint8):
            raise ValueError(f"inputs must look like the pictures {images.shape}, not {inputs.dtype} {inputs.shape}")
        if self.labels is not None and len(self.labels) != len(images):
            raise ValueError(f"{len(self.labels)} labels for {len(images)} pictures")
        if self.facts is not None and len(self.facts) != len(images):
            raise ValueError(f"facts of {len(self.facts)} pictures for {len(images)}")

    def __len__(self) -> int:
        return len(self.images)

    def alike(self, other: Pictures) -> bool:
        """Whether they need the same room."""
        paired = (self.inputs is None) == (other.inputs is None)
        return self.images.shape == other.images.shape and paired and self.columns == other.columns

    def title(self, index: int) -> str:
        """ "picture 5 of 64", with its label if it has one."""
        label = self.labels[index] if self.labels is not None else None
        return f"picture {index + 1:,} of {len(self):,}" + (f": {label}" if label else "")

    def file_name(self, index: int | None = None) -> str:
        """A name to save picture `index` under, or all of them when it is None."""
        slug = re.sub(r"[^\w]+", "-", self.caption.split(",")[0].lower()).strip("-")[:40] or "pictures"
        return f"{slug}.png" if index is None else f"{slug}-{index + 1:0{len(str(len(self)))}d}.png"

    def facts_of(self, index: int) -> dict[str, Any] | None:
        """Where picture `index` comes from, where that is known."""
        facts = self.facts[index] if self.facts is not None else None
        return None if facts is None else dict(facts)

    def parts(self, index: int) -> list[NDArray[np.uint8]]:
        """What is saved of picture `index`: it [H, W, C], preceded by its input unless it has facts."""
        alone = self.inputs is None or self.facts_of(index) is not None
        both = [self.images] if alone else [self.inputs, self.images]
        return [np.asarray(images[index]) for images in both]
