"""Pictures as the network will see them: after augmentation, at the settings that a person is choosing."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from genstudio.core.data_config import DataConfig
from genstudio.data import Dataset
from genstudio.data.augment import augment
from genstudio.data.batches import to_bytes, to_unit

SHOWN = 16


@torch.no_grad()
def augmented(data: Dataset, config: DataConfig, seed: int = 0, count: int = SHOWN) -> NDArray[np.uint8]:
    """Some pictures of a data set, varied as a training would vary them.

    Parameters
    ----------
    data : Dataset
        With pictures; the same ones are taken each time, spread over the set.
    config : DataConfig
        Its augmentation group.
    seed : int
        Start of the random choices: another seed varies the same pictures in another way.

    Returns
    -------
    uint8 [count, H, W, C]
        Fewer when the set has fewer.

    Raises
    ------
    InputError
        When the data has no pictures.
    """
    images = data.need_pictures()
    rows = np.unique(np.linspace(0, len(images) - 1, min(count, len(images))).astype(np.int64))
    taken = np.stack([np.asarray(images[int(row)]) for row in rows])
    rng = torch.Generator().manual_seed(seed)
    unit = to_unit(torch.from_numpy(taken), torch.device("cpu"))
    return to_bytes(augment(unit, config, rng))
