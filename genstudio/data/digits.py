"""The built-in digits: 1,797 real handwritten ones of 8 x 8 pixels that come with scikit-learn.

Source: E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI (1998), CC BY 4.0.
"""

from __future__ import annotations

import gzip
import zlib
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from genstudio.core.errors import WorkError
from genstudio.data.dataset import Dataset

_COUNT = 1797


def load() -> Dataset:
    """The digits as uint8 [N, 8, 8, 1]; grey levels 0..16 are spread to 0..255.

    Raises
    ------
    WorkError
        When scikit-learn is not complete.
    """
    # The file is read directly: importing scikit-learn takes a second, this takes 20 ms.
    spec = find_spec("sklearn")
    path = Path(spec.origin).parent / "datasets" / "data" / "digits.csv.gz" if spec and spec.origin else Path()
    try:
        with gzip.open(path, "rt", encoding="ascii") as file:
            lines = file.readlines()
        if len(lines) != _COUNT:
            raise ValueError(f"{len(lines):,} of {_COUNT:,} rows")
        table = np.loadtxt(lines, delimiter=",", dtype=np.int64).reshape(_COUNT, 65)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise WorkError(
            f"The built-in digits are missing ({error}): run “pip install --force-reinstall scikit-learn”."
        ) from None
    images = np.round(table[:, :-1] * (255 / 16)).astype(np.uint8).reshape(-1, 8, 8, 1)
    return Dataset(
        source="digits",
        name="digits",
        images=images,
        labels=table[:, -1].copy(),
        label_names=tuple("0123456789"),
    )
