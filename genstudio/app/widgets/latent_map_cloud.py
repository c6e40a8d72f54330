"""The points of a map: which are drawn, in which order and colour, and which is the nearest. Knows nothing of Qt."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from genstudio.app.widgets import latent_map_raster as raster
from genstudio.app.widgets.laboratory_sight import Sight

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
_ROOM = 1.1  # of the view, compared with what the points take
_CELLS = 64  # along each side, for the order of drawing
_USUAL_AREA = 800.0 * 500.0  # pixels that a hundred points have in common when they are drawn largest
_ALONE = 1.0  # half of what is in sight around a point that has no neighbours


def _finite(xy: Floats) -> NDArray[np.bool_]:
    return np.isfinite(xy[:, 0]) & np.isfinite(xy[:, 1])


def _bounds(xy: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Lowest and highest of places [M, 2], float64 [2] each; None without any."""
    if not len(xy):
        return None
    x, y = xy[:, 0], xy[:, 1]  # ten times as fast as along the first axis of both
    return np.array([x.min(), y.min()], float), np.array([x.max(), y.max()], float)


def _by_place(xy: Floats) -> NDArray[np.intp]:
    """An order of places [M, 2] in which neighbours are near each other, those in a cell as they come.

    Drawing then stays in a few rows of pixels at a time: measured, it takes two thirds of the time.
    """
    bounds = _bounds(xy)
    if bounds is None:
        return np.empty(0, np.intp)
    low, high = bounds
    cells = ((xy - low) * ((_CELLS - 1) / np.maximum(high - low, 1e-300))).astype(np.uint16)
    return np.argsort((_CELLS - 1 - cells[:, 1]) * np.uint16(_CELLS) + cells[:, 0], kind="stable")


class _Drawn:
    """The points that are drawn: rows int64 [M], colours uint32 [M], and where they are.

    Places are counted from an origin: small numbers keep their digits when they are enlarged a thousand times.
    """

    def __init__(self, rows: Rows, colours: raster.Pixels, xy: Floats, start: Floats | None) -> None:
        self.rows, self.colours = rows, colours
        placed = xy.take(rows, 0)
        self.origin = np.array([placed[:, i].mean(dtype=float) for i in (0, 1)]) if len(rows) else np.zeros(2)
        self.x, self.y = self._end = self._from_origin(placed)
        self._start = None if start is None else self._from_origin(start.take(rows, 0))

    def _from_origin(self, places: Floats) -> Floats:
        """Places [M, 2] as float32 [2, M]."""
        return (places - self.origin).astype(np.float32).T.copy()

    def glide(self, share: float) -> None:
        """Be so much of the way, 0..1, from the start to the end."""
        if self._start is not None:
            self.x, self.y = self._start + np.float32(share) * (self._end - self._start)


class Cloud:
    """Points of which some may be hidden, and some chosen.

    Attributes
    ----------
    xy : float32 [N, 2]
        Their places as they were given, also those that are not finite and never drawn.
    selection : int64 [M] or None
        The points that are chosen.
    """

    def __init__(self) -> None:
        self.xy = np.empty((0, 2), np.float32)
        self.selection: Rows | None = None
        self._colours = np.empty(0, np.uint32)
        self._dimmed = np.empty(0, np.uint32)
        self._hidden: NDArray[np.bool_] | None = None
        self._order = np.empty(0, np.int64)
        self._bounds: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
        self._start: Floats | None = None
        self._share = 0.0
        self._drawn: _Drawn | None = None  # worked out when it is first asked for

    def __len__(self) -> int:
        return len(self.xy)

    @property
    def rows(self) -> Rows:
        """The points drawn, int64 [M], in the order of drawing.

        From above to below, where points lie on each other a random one: no class of sorted data hides the others.
        """
        return self._now().rows

    # --- what is drawn ---------------------------------------------------------------------------------

    def set_places(self, xy: Floats, start: Floats | None = None) -> None:
        """Other places, float32 [N, 2]; with another N nothing is hidden or chosen any more.

        With other places [N, 2] to start from, points are there until `glide` moves them.
        """
        if len(xy) != len(self.xy):
            self._order = np.random.default_rng(0).permutation(len(xy))
            self._hidden = self.selection = None
            self._colours = self._dimmed = np.full(len(xy), 0xFF808080, np.uint32)
        self.xy, self._start, self._share = xy, start, 0.0
        finite = _finite(xy)
        self._bounds = _bounds(xy if finite.all() else xy[finite])
        self._drawn = None

    def glide(self, share: float) -> None:
        """Draw the points so much of the way, 0..1, from where they start to their places."""
        self._share = share
        if share >= 1:
            self._start = self._drawn = None
        else:
            self._now().glide(share)

    def set_colours(self, colours: raster.Pixels, dimmed: raster.Pixels, hidden: NDArray[np.bool_] | None) -> None:
        """0xffRRGGBB of each point, the same for while others are chosen, and which are hidden."""
        self._colours, self._dimmed, self._hidden = colours, dimmed, hidden
        self._drawn = None

    def select(self, rows: Rows | None) -> None:
        """Draw these above the others, and the others dimmed; None for no difference."""
        self.selection = rows
        self._drawn = None

    def _now(self) -> _Drawn:
        if self._drawn is None:
            shown = _finite(self.xy)
            if self._hidden is not None:
                shown &= ~self._hidden
            rows = self._order if shown.all() else self._order[shown[self._order]]
            rows = rows[_by_place(self.xy.take(rows, 0))]
            if self.selection is None:
                colours = self._colours[rows]
            else:
                chosen = np.zeros(len(self.xy), bool)
                chosen[self.selection] = True
                rows = np.concatenate([rows[~chosen[rows]], rows[chosen[rows]]])
                colours = np.where(chosen[rows], self._colours[rows], self._dimmed[rows])
            self._drawn = _Drawn(rows, colours, self.xy, self._start)
            self._drawn.glide(self._share)
        return self._drawn

    # --- where things are ------------------------------------------------------------------------------

    def pixels(self, sight: Sight) -> tuple[Floats, Floats]:
        """Pixels of the drawn points, float32 [M] each."""
        drawn, scale = self._now(), sight.scale
        with np.errstate(over="ignore"):
            x, y = drawn.x * np.float32(scale), drawn.y * np.float32(-scale)
            x += np.float32((drawn.origin[0] - sight.x) * scale + sight.width / 2)
            y += np.float32((sight.y - drawn.origin[1]) * scale + sight.height / 2)
        return x, y

    def near(self, sight: Sight, px: float, py: float, reach: float) -> int:
        """The row of the drawn point nearest to a pixel, -1 when none is within `reach` pixels.

        All points are looked at: 0.3 ms for 100,000, and no index has to be kept.
        """
        x, y = self.pixels(sight)
        close = np.flatnonzero((np.abs(x - np.float32(px)) <= reach) & (np.abs(y - np.float32(py)) <= reach))
        if not len(close):
            return -1
        distance = np.hypot(x[close] - px, y[close] - py)
        best = int(distance.argmin())
        return int(self.rows[close[best]]) if distance[best] <= reach else -1

    def inside(self, sight: Sight, mask: NDArray[np.bool_]) -> Rows:
        """Rows of the drawn points on pixels [H, W] that are set, ascending."""
        height, width = mask.shape
        x, y = self.pixels(sight)
        seen = np.flatnonzero((x >= 0) & (x < width) & (y >= 0) & (y < height))
        hit = mask[y[seen].astype(np.intp), x[seen].astype(np.intp)]
        return np.sort(self.rows[seen[hit]])

    def fitting(self, width: float, height: float) -> Sight:
        """A view of pixels `width` x `height` that shows every point that can be drawn, hidden ones too."""
        if self._bounds is None:
            return Sight(width=width, height=height)
        low, high = self._bounds
        half = (high - low) / 2 * _ROOM
        scale = min(max(1.0, width) / 2 / half[0] if half[0] > 0 else np.inf,
                    max(1.0, height) / 2 / half[1] if half[1] > 0 else np.inf)  # fmt: skip
        x, y = ((low + high) / 2).tolist()
        least = max(1.0, min(width, height)) / 2
        digits = 1e-5 * max(abs(x), abs(y), 1e-30)  # below it float32 tells no points apart
        reach = max(least / scale, digits) if np.isfinite(scale) and scale > 0 else max(_ALONE, digits)
        return Sight(x, y, float(reach), width, height)

    # --- drawing ---------------------------------------------------------------------------------------

    def draw(self, pixels: raster.Pixels, sight: Sight, ratio: float, usual: float) -> int:
        """Draw the points that are in sight into a picture with `raster.PAD` pixels around the view.

        Parameters
        ----------
        pixels : uint32 [H + 2 PAD, W + 2 PAD]
        sight : Sight
            In device pixels, W x H.
        ratio : float
            Device pixels per pixel.
        usual : float
            What is in sight when the whole map is (`Sight.reach`).

        Returns
        -------
        int
            How many were drawn.
        """
        x, y = self.pixels(sight)
        half = raster.PAD / 2
        seen = np.flatnonzero((x > -half) & (x < sight.width + half) & (y > -half) & (y < sight.height + half))
        if not len(seen):
            return 0
        if len(seen) < len(x):
            x, y, colours = x[seen], y[seen], self._now().colours[seen]
        else:
            colours = self._now().colours
        crowding = _USUAL_AREA * ratio**2 / (sight.width * sight.height)
        about = len(self.rows) * crowding * min(1.0, sight.reach / usual) ** 2
        size = raster.diameter(about, len(seen), ratio)
        # dots of up to PAD pixels around a centre that is half of PAD outside stay in the picture
        border = np.float32(raster.PAD)
        raster.draw(pixels, x + border, y + border, colours, min(size, raster.PAD - 2))
        return len(seen)
