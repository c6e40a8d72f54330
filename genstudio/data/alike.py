"""Rows of a data set that are the same, and pictures that look the same: no pass compares all with all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genstudio.data.columns import Sounds, Texts
from genstudio.data.items import Watch

#: Pictures below this side are too coarse to tell "nearly the same" from "the same kind of thing".
LEAST_SIDE = 16
#: Two pictures look the same when their difference (root of the mean square) is below this share of full scale ...
MOST_DIFFERENCE = 0.04
#: ... and below this share of their own contrast (standard deviation): faint pictures all differ by little.
MOST_OF_CONTRAST = 0.15

_CHUNK = 8 << 20  # bytes of rows at a time
_CELLS = (8, 9)  # rows and columns of the reduced picture, whose 8 x 8 differences are the bits of the hash
_MARGIN = 2  # of 255: smaller steps between cells are noise of the compression, not content
_LEAST_EDGES = 10  # steps above the margin, of 64: a picture with fewer is as good as flat
_BITS = 6  # bits in which the hashes of two candidates may differ
_ORDERS = 4
_NEIGHBOURS = 8  # in each sorted order, every picture meets so many after it


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Rows that belong together.

    Attributes
    ----------
    rows : int64 [M]
        Group by group, in the order of their first rows; ascending inside a group.
    numbers : int64 [M]
        Which group each of them is in, from 0.
    """

    rows: NDArray[np.int64]
    numbers: NDArray[np.int64]

    @property
    def count(self) -> int:
        """How many groups there are."""
        return int(self.numbers[-1]) + 1 if len(self.numbers) else 0

    def split(self, values: NDArray[np.generic]) -> Groups:
        """Those groups in which `values` [N], a number for each row of the set, is not the same throughout."""
        mine = values[self.rows]
        starts = np.flatnonzero(np.diff(self.numbers, prepend=-1))
        first = mine[starts][self.numbers] if len(starts) else mine
        mixed = np.zeros(self.count, np.bool_)
        mixed[self.numbers[mine != first]] = True
        keep = mixed[self.numbers] if len(starts) else np.zeros(0, np.bool_)
        return Groups(self.rows[keep], (np.cumsum(mixed) - 1)[self.numbers[keep]])


def chunks(count: int, row_bytes: int) -> Iterator[slice]:
    """Slices of `count` rows, of about 8 MiB each and one row at least."""
    step = max(1, _CHUNK // max(1, row_bytes))
    for start in range(0, count, step):
        yield slice(start, min(count, start + step))


def digests(column: NDArray[np.uint8] | Sounds | Texts, watch: Watch) -> NDArray[np.uint64]:
    """128 bits of BLAKE2b over each picture, sound (without the silence that fills it up) or text: [N, 2]."""
    result = np.empty((len(column), 2), np.uint64)
    if isinstance(column, Texts):
        for i in range(len(column)):
            if i % 100_000 == 0:
                watch("Looking for duplicates", i, len(column))
            result[i] = _digest(column.data[column.offsets[i] : column.offsets[i + 1]])
        return result
    rows, lengths = (column.samples, column.lengths) if isinstance(column, Sounds) else (column, None)
    for part in chunks(len(rows), rows[:1].nbytes):
        watch("Looking for duplicates", part.start, len(rows))
        block = np.ascontiguousarray(rows[part])
        for i, row in enumerate(block, part.start):
            result[i] = _digest(row if lengths is None else row[: lengths[i]])
    return result


def _digest(row: NDArray[np.generic]) -> NDArray[np.uint64]:
    return np.frombuffer(hashlib.blake2b(row.data, digest_size=16).digest(), "<u8")


def equal_rows(columns: NDArray[np.uint64]) -> Groups:
    """Rows of `columns` [N, K] that are the same in all K numbers, where there are two or more of them."""
    order = np.lexsort(columns.T)  # stable: the rows of a group stay in order
    ranked = columns[order]
    new = np.ones(len(order), np.bool_)
    new[1:] = (ranked[1:] != ranked[:-1]).any(1)
    root = np.empty(len(order), np.int64)
    root[order] = order[np.flatnonzero(new)][np.cumsum(new) - 1]
    return _groups(root)


def _groups(root: NDArray[np.int64]) -> Groups:
    """From the first row of its group for each row, the groups of two or more."""
    shared = np.bincount(root, minlength=len(root))[root] > 1 if len(root) else np.zeros(0, np.bool_)
    rows = np.flatnonzero(shared)
    order = np.argsort(root[rows], kind="stable")
    rows = rows[order]
    new = np.diff(root[rows], prepend=-1) != 0
    return Groups(rows, np.cumsum(new) - 1)


def near_rows(images: NDArray[np.uint8], rows: NDArray[np.int64], watch: Watch) -> Groups:
    """Pictures that differ by so little that a person takes them for the same.

    Candidates come from the difference hash (N. Krawetz, "Kind of Like That", 2013): whether each cell of a 9 x 8
    reduction is brighter than the one to its left. All hashes are sorted in four rotations, and in each order a
    picture meets the 8 that follow it (the sorted neighbourhood of M. Hernández and S. Stolfo, 1995), which bounds
    the work whatever the pictures are. What is left is compared pixel by pixel.

    Parameters
    ----------
    images : uint8 [N, H, W, C]
        Of `LEAST_SIDE` pixels at least; smaller ones give no groups.
    rows : int64 [M], ascending
        Which of them are looked at: one of each set of equal ones.
    """
    root = np.arange(len(images))
    if min(images.shape[1:3]) < LEAST_SIDE or len(rows) < 2:
        return _groups(root)
    small, contrast = _reduced(images, rows, watch)
    steps = np.diff(small.astype(np.int16), axis=2).reshape(len(rows), -1)
    useful = np.flatnonzero((np.abs(steps) > _MARGIN).sum(1) >= _LEAST_EDGES)
    hashes = np.packbits(steps[useful] > _MARGIN, axis=1).view(">u8").ravel().astype(np.uint64)
    small, contrast, rows = small[useful].reshape(len(useful), small[0].size), contrast[useful], rows[useful]
    limit = np.minimum(MOST_DIFFERENCE * 255, MOST_OF_CONTRAST * contrast)
    pairs = _candidates(hashes, small, limit)
    alike = np.zeros(len(pairs), np.bool_)
    for part in chunks(len(pairs), 2 * images[:1].nbytes):
        watch("Comparing pictures", part.start, len(pairs))
        a, b = pairs[part].T
        first, second = images[rows[a]], images[rows[b]]
        apart = np.sqrt(np.square(first.astype(np.float32) - second).mean((1, 2, 3)))
        alike[part] = apart < np.minimum(limit[a], limit[b])
    return _groups(_joined(root, rows[pairs[alike]]))


def _reduced(
    images: NDArray[np.uint8], rows: NDArray[np.int64], watch: Watch
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Grey means of 8 x 9 cells, uint8 [M, 8, 9], and the standard deviation of each picture, float32 [M]."""
    (down, across), (height, width) = _CELLS, images.shape[1:3]
    tops, lefts = np.arange(down) * height // down, np.arange(across) * width // across
    area = np.outer(np.diff(tops, append=height), np.diff(lefts, append=width)) * images.shape[3]
    small = np.empty((len(rows), down, across), np.uint8)
    contrast = np.empty(len(rows), np.float32)
    for part in chunks(len(rows), images[:1].nbytes):
        watch("Looking at pictures", part.start, len(rows))
        block = images[rows[part]]
        narrow = np.add.reduceat(block.sum(3, dtype=np.uint16), lefts, axis=2, dtype=np.uint32)
        small[part] = np.add.reduceat(narrow, tops, axis=1) // area
        flat = block.reshape(len(block), -1)
        mean = flat.mean(1, dtype=np.float32)
        contrast[part] = np.sqrt(np.maximum(np.square(flat, dtype=np.float32).mean(1) - mean**2, 0))
    return small, contrast


def _candidates(
    hashes: NDArray[np.uint64], small: NDArray[np.uint8], limit: NDArray[np.float32]
) -> NDArray[np.int64]:
    """Pairs [P, 2] of positions, ascending, whose hashes and reduced pictures are near.

    The mean of differences in cells is never above that of the pixels, so nothing that is alike is lost here.
    """
    found = [np.empty((0, 2), np.int64)]
    for turn in range(0, 64, 64 // _ORDERS):
        turned = (hashes << np.uint64(turn)) | (hashes >> np.uint64((64 - turn) % 64))
        order = np.lexsort((small.sum(1, dtype=np.int64), turned))
        for step in range(1, _NEIGHBOURS + 1):
            a, b = order[:-step], order[step:]
            near = np.flatnonzero(np.bitwise_count(hashes[a] ^ hashes[b]) <= _BITS)
            a, b = a[near], b[near]
            pairs = np.stack((np.minimum(a, b), np.maximum(a, b)), axis=1)
            for part in chunks(len(pairs), 8 * small.shape[1]):
                a, b = pairs[part].T
                apart = np.abs(small[a].astype(np.int16) - small[b]).mean(1)
                found.append(pairs[part][apart < np.minimum(limit[a], limit[b]) + 1])  # cells are rounded down
    first, second = np.concatenate(found).T
    return np.stack(np.divmod(np.unique(first * len(hashes) + second), max(1, len(hashes))), axis=1)


def _joined(root: NDArray[np.int64], pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """The lowest row that each row is connected with, over any number of pairs [P, 2]."""
    a, b = pairs.T
    while True:
        lowest = np.minimum(root[a], root[b])
        then = root.copy()
        np.minimum.at(then, root[a], lowest)
        np.minimum.at(then, root[b], lowest)
        then = then[then]
        if (then == root).all():
            return root
        root = then
