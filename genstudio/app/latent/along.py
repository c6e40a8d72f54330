"""Moving along several vectors at once, each by its own slider."""

from __future__ import annotations

from collections.abc import Sequence

from genstudio.app.latent.walk import Walk
from genstudio.engine.latent.place import Floats, Place


class Along:
    """Where one stands after moving along vectors from where one came in.

    Anything that moves one otherwise is a new place to come in.
    """

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._base: Place | None = None
        self._mine: Place | None = None  # where the sliders have led
        self._strengths: dict[int, float] = {}

    def strange(self, place: Place) -> bool:
        """Whether one came to `place` without these sliders; they begin at 0 again then."""
        if place is self._mine:
            return False
        self._base, self._strengths = place, {}
        return True

    def restart(self) -> None:
        """Begin anew at the place where one stands: the vectors are others now."""
        if self._walk.place is not None:
            self._mine = None
            self.strange(self._walk.place)

    def move(self, vectors: Sequence[Floats], index: int, strength: float, how: str) -> None:
        """Go so far, in its lengths, along one of the vectors float32 [D]; as far along the others as before."""
        from genstudio.engine.latent.attributes import applied

        base = self._base
        if base is None:
            return
        self._strengths[index] = strength
        place = base
        for other, far in self._strengths.items():
            place = applied(place, vectors[other], far)
        self._mine = place
        self._walk.pass_by(place, how)
