"""A place in a latent space: a code, and the label that it is drawn with."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genstudio.core.errors import InputError

Floats = NDArray[np.float32]
NO_LABEL = -1


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where one stands.

    Attributes
    ----------
    code : float32 [D]
    label : int
        For models by label; -1 for none.
    """

    code: Floats
    label: int = NO_LABEL

    def same(self, other: Place | None) -> bool:
        """Whether it draws the same picture: equal bit for bit."""
        return other is not None and self.label == other.label and np.array_equal(self.code, other.code)


def code_text(code: Floats) -> str:
    """A code as text, without loss: base64 of little-endian float32."""
    return base64.b64encode(np.ascontiguousarray(code, "<f4").tobytes()).decode()


def code_from_text(text: str) -> Floats:
    """What `code_text` wrote: float32 [D].

    Raises
    ------
    InputError
        When it is not such a text, or a number is not finite.
    """
    try:
        code = np.frombuffer(base64.b64decode(text, validate=True), "<f4").astype(np.float32)
    except (ValueError, TypeError, binascii.Error):
        raise InputError("The text is not a code: copy all of it.") from None
    check_finite(code)
    return code


def check_finite(codes: Floats) -> None:
    """Raise `InputError` for codes with numbers that are not finite."""
    if not np.isfinite(codes).all():
        raise InputError("The code holds numbers that are not finite: go back to the place before.")
