"""Where pictures stand when there are many, and the part of them that is in sight. Knows nothing of Qt."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from genstudio.app.widgets.pictures import Pictures

_GAP = 4  # least number of screen pixels between pictures
_TILE = 64  # side in screen pixels that a picture of a crowd is shown at
_LEAST = 24  # pictures smaller than this are not shown all at once but scrolled
_EXACT_BYTES = 8_000_000  # up to here shrunk pictures are averaged, beyond it only every k-th pixel is taken


class Mosaic:
    """Where pictures stand: rows of cells, as many to a row as fit, centred.

    Parameters
    ----------
    pictures : Pictures
    width, height : int
        Screen pixels there are.
    zoom : int or None
        n shows a pixel as n x n, -n shows n x n pixels as one; None is the largest that shows all, or a
        size at which a crowd can be scrolled.
    most : int
        Side in screen pixels beyond which a picture does not grow by itself.
    """

    LEAST_ZOOM, MOST_ZOOM = -16, 48

    def __init__(self, pictures: Pictures, width: int, height: int, zoom: int | None = None, most: int = 512) -> None:
        self.pictures, self.width, self.height = pictures, width, height
        self._measure(self._best(most) if zoom is None else zoom)

    def _measure(self, zoom: int) -> None:
        _, h, w, _ = self.pictures.images.shape
        self.zoom, self.scale, self.shrink = zoom, max(1, zoom), max(1, min(-zoom, h, w))
        self.tile_w, self.tile_h = w // self.shrink, h // self.shrink
        self.gap = max(1, math.ceil(_GAP / self.scale))  # as tiles, in pixels before scaling
        pairs = self.pictures.inputs is not None
        self.item_h = 2 * self.tile_h + self.gap if pairs else self.tile_h
        self.row_gap = 2 * self.gap if pairs else self.gap  # so that one sees what belongs together
        self.cell_w = (self.tile_w + self.gap) * self.scale
        self.cell_h = (self.item_h + self.row_gap) * self.scale
        # screen pixels from the corner of a cell to its item
        self.half_w, self.half_h = self.gap * self.scale // 2, self.row_gap * self.scale // 2
        count = len(self.pictures)
        self.columns = self._columns(count)
        self.rows = -(-count // self.columns)
        self.content_w, self.content_h = self.columns * self.cell_w, self.rows * self.cell_h
        self.left = max(0, (self.width - self.content_w) // 2)
        self.top = max(0, (self.height - self.content_h) // 2) if self.rows <= 1 else 0

    def _columns(self, count: int) -> int:
        """As many as fit; fewer if all pictures are in sight still and then make a full rectangle."""
        if self.pictures.columns:
            return max(1, min(self.pictures.columns, count))
        most = max(1, min(self.width // self.cell_w, count))
        rows = max(1, self.height // self.cell_h)
        return next((c for c in range(most, 0, -1) if count % c == 0 and count // c <= rows), most)

    @property
    def fits(self) -> bool:
        """Whether everything is in sight without scrolling."""
        return self.content_h <= self.height and self.content_w <= self.width

    def _best(self, most: int) -> int:
        _, h, w, _ = self.pictures.images.shape
        side = max(h, w, 1)
        zooms = [z for z in range(self.MOST_ZOOM, self.LEAST_ZOOM - 1, -1) if z not in (0, -1)]
        for zoom in zooms:
            shown = side * zoom if zoom > 0 else side // -zoom
            if shown > max(most, side) or shown < _LEAST:
                continue
            self._measure(zoom)
            if self.fits:
                return zoom
        return next((z for z in zooms if (side * z if z > 0 else side // -z) <= _TILE), self.LEAST_ZOOM)

    def place(self, index: int) -> tuple[int, int, int, int]:
        """x, y, width, height of an item without its gap, in screen pixels from the top of the content."""
        row, column = divmod(index, self.columns)
        x, y = self.left + column * self.cell_w + self.half_w, self.top + row * self.cell_h + self.half_h
        return x, y, self.tile_w * self.scale, self.item_h * self.scale

    def at(self, x: int, y: int) -> int | None:
        """The item at screen pixels from the top of the content; gaps belong to their neighbours."""
        column, row = (x - self.left) // self.cell_w, (y - self.top) // self.cell_h
        index = row * self.columns + column
        inside = 0 <= column < self.columns and row >= 0 and index < len(self.pictures)
        return index if inside else None

    def sheet(self, first_row: int, rows: int) -> NDArray[np.uint8]:
        """The items of some rows before scaling: uint8 [rows * cell, columns * cell, C].

        Gaps are to the right of and below items; they and what lies beyond the last picture are black.
        """
        columns, pictures = self.columns, self.pictures
        a = first_row * columns
        b = min(len(pictures), (first_row + rows) * columns)
        channels = pictures.images.shape[3]
        cell_h, cell_w = self.item_h + self.row_gap, self.tile_w + self.gap
        sheet = np.zeros((rows, cell_h, columns, cell_w, channels), np.uint8)
        sources = [pictures.images] if pictures.inputs is None else [pictures.inputs, pictures.images]
        for i, source in enumerate(sources):
            y = i * (self.item_h - self.tile_h)
            tiles = np.asarray(source[a:b])
            tiles = tiles if self.shrink == 1 else shrunk(tiles, self.shrink)
            inner = sheet[:, y : y + self.tile_h, :, : self.tile_w]
            full = len(tiles) // columns
            whole = tiles[: full * columns].reshape(full, columns, *tiles.shape[1:])
            inner[:full] = whole.transpose(0, 2, 1, 3, 4)
            for column, tile in enumerate(tiles[full * columns :]):
                inner[full, :, column] = tile
        return sheet.reshape(rows * cell_h, columns * cell_w, channels)


def shrunk(tiles: NDArray[np.uint8], k: int) -> NDArray[np.uint8]:
    """Pictures [M, H, W, C] with k x k pixels as one, k at most 16, H and W; the rest at the border is left out."""
    _, h, w, _ = tiles.shape
    height, width = h // k * k, w // k * k
    if tiles.nbytes > _EXACT_BYTES:
        return tiles[:, k // 2 : height : k, k // 2 : width : k]
    total = np.zeros((len(tiles), height // k, width // k, tiles.shape[3]), np.uint16)
    for dy in range(k):
        for dx in range(k):
            total += tiles[:, dy:height:k, dx:width:k]
    return (total // (k * k)).astype(np.uint8)


def next_zoom(zoom: int, way: int) -> int:
    """The zoom one step larger (`way` 1) or smaller (-1): ..., -3, -2, 1, 2, 3, 4, 6, 8, 12, 16, ..."""
    steps = [*range(Mosaic.LEAST_ZOOM, -1), 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, Mosaic.MOST_ZOOM]
    if way > 0:
        return next((step for step in steps if step > zoom), steps[-1])
    return next((step for step in reversed(steps) if step < zoom), steps[0])
