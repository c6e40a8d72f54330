"""How codes are brought into a plane: what the desk does for the map."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from genstudio.core.errors import InputError
from genstudio.engine.latent.place import Floats, Place

if TYPE_CHECKING:
    from genstudio.engine.latent.charts import Chart, Plane
    from genstudio.engine.latent.codes import Codes
    from genstudio.engine.latent.directions import Direction
    from genstudio.engine.latent.tsne import Arranged


@dataclass(frozen=True, slots=True, eq=False)
class Charted:
    """A map: which codes stand on it, row by row, and where.

    Attributes
    ----------
    xy : float32 [N, 2]
    arranged : Arranged or None
        How far a map by t-SNE is.
    """

    codes: Codes
    chart: Chart
    xy: Floats
    arranged: Arranged | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """What a plane is made of, as far as its kind needs it.

    Attributes
    ----------
    axes : (int, int)
        Which directions or dimensions, from 0.
    pins : tuple of Place
    directions : tuple of Direction
        That the network has, for models whose codes are alike all around.
    before : Chart or None
        What was shown before.
    """

    kind: str
    axes: tuple[int, int]
    pins: tuple[Place, ...] = ()
    directions: tuple[Direction, ...] = ()
    before: Chart | None = None


def planned(codes: Codes, wanted: Wanted) -> Charted:
    """Codes on a plane; raises `InputError` where it cannot be."""
    plane = _plane(codes, wanted)
    return Charted(codes, plane, plane.place(codes.codes))


def _plane(codes: Codes, wanted: Wanted) -> Plane:
    from genstudio.engine.latent.charts import Plane

    if codes.codes.shape[1] < 3:
        return Plane.direct(codes.codes)
    if wanted.kind == "pins":
        if len(wanted.pins) < 3:
            raise InputError("A plane needs three pins: pin more places, then choose it again.")
        a, b, c = (pin.code for pin in wanted.pins[:3])
        return Plane.through(a, b, c)
    if wanted.kind == "dimensions":
        return Plane.dimensions(codes.codes, *wanted.axes)
    if wanted.kind == "network" and wanted.directions:
        x, y = (wanted.directions[min(axis, len(wanted.directions) - 1)] for axis in wanted.axes)
        return Plane.along(codes.codes, (x.name, x.vector), (y.name, y.vector))
    axes = wanted.axes if wanted.kind == "principal" else (0, 1)  # the network's directions are not found yet
    plane, before = Plane.principal(codes.codes, *axes), wanted.before
    if isinstance(before, Plane) and before.shares is not None and before.numbers == plane.numbers:
        return plane.aligned_to(before)
    return plane


def arranging(codes: Codes, start: Arranged | None, like: Floats | None) -> Iterator[Arranged | Charted | None]:
    """A map by t-SNE as it grows, which lies `like` the one before where it does not `start` from one of its kind.

    An `Arranged` as long as nothing can be shown, None while there is nothing new.
    """
    from genstudio.engine.latent.tsne import arrange

    items = arrange(codes.codes, start, like=like)
    try:
        for item in items:
            yield item if item is None or not len(item.rows) else neighbours(codes, item)
    finally:
        getattr(items, "close")()  # noqa: B009  # generators have it, and with it the process ends


def neighbours(codes: Codes, arranged: Arranged) -> Charted:
    """The map that an arrangement of codes, or of some of them, makes."""
    from genstudio.engine.latent.charts import Neighbours

    shown = codes if len(arranged.rows) == len(codes) else codes.take(arranged.rows)
    return Charted(shown, Neighbours(arranged.xy, shown.codes), arranged.xy, arranged)
