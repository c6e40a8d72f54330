"""FD-GS64's features: 64 numbers per picture from a small network that is trained once per data set.

Such a network knows what matters in these pictures at their own size, and is at hand everywhere. Its scores compare
models of one data set with each other, and with nothing else: another network gives other numbers.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load

from genstudio.core import atomic
from genstudio.core.errors import InputError, WorkError
from genstudio.data import cache
from genstudio.data.batches import to_unit
from genstudio.data.dataset import Dataset
from genstudio.data.items import Watch, unwatched
from genstudio.evaluate import learn
from genstudio.evaluate.network import SIZE, FeatureNet, blank

__all__ = ["SIZE", "FeatureNet", "classify", "feature_net", "features", "task_of", "train_net"]

#: Part of the key under which a network is kept: raise it when networks or their training change.
VERSION = 1
Task = Literal["labels", "views"]
Progress = Callable[[int, int], None]

_CHUNK = 512  # pictures at a time
_FILE = "weights.safetensors"
_DEVICE = torch.device("cpu")
_REMEMBERED: dict[str, FeatureNet] = {}
_ONE_AT_A_TIME = threading.Lock()


def nobody(done: int, total: int) -> None:
    """Progress that nobody follows."""


# --- getting one --------------------------------------------------------------------------------------


def feature_net(data: Dataset, seed: int = 0, watch: Watch = unwatched) -> FeatureNet:
    """The network of a data set: remembered, else from the cache, else trained, which takes about half a minute.

    Parameters
    ----------
    data : Dataset
        The training part. With labels the network learns to tell them; without (or with too few of them, see
        `task_of`) to know a picture again after it was shifted, brightened and disturbed.
    seed : int
        Start of all random numbers. On one kind of processor the same data, seed and number of torch's threads give
        the same network, bit for bit.
    watch : Watch
        Told how far the training is; may raise `Cancelled`.

    Raises
    ------
    InputError
        When the data has no pictures, or only one.
    """
    images = data.need_pictures()
    if len(images) < 2:
        raise InputError(f"“{data.source}” has a single picture: features need at least two.")
    key = cache.key({"features": VERSION, "data": data.fingerprint(), "labels": _hash(data.labels), "seed": seed})
    with _ONE_AT_A_TIME:
        if key not in _REMEMBERED:
            _REMEMBERED[key] = _kept(key, data, seed, watch)
        return _REMEMBERED[key]


def task_of(data: Dataset) -> Task:
    """ "labels" when there are at least two of them, at least 10 pictures a label, and most pictures have one."""
    if data.labels is None:
        return "views"
    counts = np.bincount(data.labels[data.labels >= 0])
    there = int((counts > 0).sum())
    enough = there >= 2 and counts.sum() >= max(10 * there, len(data) // 2)
    return "labels" if enough else "views"


def train_net(data: Dataset, seed: int = 0, watch: Watch = unwatched) -> FeatureNet:
    """A new network, trained here and now; see `feature_net`."""
    task = task_of(data)
    classes = int(data.labels.max()) + 1 if task == "labels" and data.labels is not None else 0
    generator = torch.Generator().manual_seed(seed)
    net = blank(data.shape, classes)
    net.initialise(to_unit(torch.from_numpy(_spread(data.images, 5000)), _DEVICE), generator)
    learn.train(net, data.images, data.labels if classes else None, generator, watch)
    _standardise(net, _spread(data.images, 10_000))
    taught = f"the labels of {len(data):,} pictures" if classes else f"{len(data):,} pictures without labels"
    net.about = f"own network, trained on {taught} (seed {seed}, weights {net.fingerprint()})"
    return net.eval().requires_grad_(False)


# --- using it -----------------------------------------------------------------------------------------


@torch.no_grad()
def features(net: FeatureNet, images: NDArray[np.uint8], progress: Progress = nobody) -> NDArray[np.float32]:
    """Features float32 [N, 64] of pictures uint8 [N, H, W, C].

    Raises
    ------
    InputError
        When the pictures are not of the network's size.
    """
    _check(net, images)
    parts = [np.zeros((0, SIZE), np.float32)]
    for rows in _chunks(images):
        parts.append(net(to_unit(torch.from_numpy(rows), _DEVICE)).numpy())
        progress(sum(map(len, parts)), len(images))
    return np.concatenate(parts)


@torch.no_grad()
def classify(net: FeatureNet, rows: NDArray[np.float32]) -> NDArray[np.int64]:
    """The label that the network sees in each row of features [N, 64].

    Raises
    ------
    InputError
        When it was trained without labels.
    """
    if not net.classes:
        raise InputError("This data has no labels to tell apart.")
    return net.logits(torch.from_numpy(rows)).argmax(1).numpy()


# --- parts --------------------------------------------------------------------------------------------


def _check(net: FeatureNet, images: NDArray[np.uint8]) -> None:
    if images.dtype != np.uint8 or images.shape[1:] != net.shape:
        raise InputError(
            f"The feature network takes pictures of {net.shape} as bytes, not {images.shape[1:]} of {images.dtype}."
        )


def _chunks(images: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, len(images), _CHUNK):
        # a map of a file may be read-only, which a tensor cannot share
        rows = images[start : start + _CHUNK]
        yield rows if rows.flags.writeable else rows.copy()


def _spread(images: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    """At most `count` pictures, evenly over the set, copied."""
    rows = np.unique(np.linspace(0, len(images) - 1, min(count, len(images)), dtype=np.int64))
    return images[rows]


def _standardise(net: FeatureNet, images: NDArray[np.uint8]) -> None:
    """Bring the features of these pictures to mean 0 and variance 1, which the moving averages only do nearly."""
    net.eval()
    net.norm.running_mean, net.norm.running_var = torch.zeros(SIZE), torch.ones(SIZE)
    rows = torch.from_numpy(features(net, images)).double()
    net.norm.running_mean = rows.mean(0).float()
    net.norm.running_var = rows.var(0).clamp_min(1e-8).float()


def _hash(labels: NDArray[np.int64] | None) -> str:
    return "none" if labels is None else hashlib.sha256(np.ascontiguousarray(labels).tobytes()).hexdigest()[:16]


# --- keeping it ---------------------------------------------------------------------------------------


def _kept(key: str, data: Dataset, seed: int, watch: Watch) -> FeatureNet:
    """From the cache, or trained and put there; a cache that cannot be written costs only the next training."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(WorkError):
            stack.enter_context(cache.made_by_one(key, watch))
        found = cache.find(key)
        net = _load(found, data) if found else None
        if net is None:
            net = train_net(data, seed, watch)
            with contextlib.suppress(OSError):
                _save(key, net)
    return net


def _save(key: str, net: FeatureNet) -> None:
    weights = net.to_bytes()
    facts = {"classes": net.classes, "about": net.about, "sha256": hashlib.sha256(weights).hexdigest()}
    with cache.draft(key) as folder:
        atomic.write_durably(folder / _FILE, weights)
        cache.publish(folder, key, facts)


def _load(entry: cache.Entry, data: Dataset) -> FeatureNet | None:
    """None when what is kept is damaged: it is made again then."""
    try:
        weights = atomic.read_bytes(entry.path / _FILE)
        if hashlib.sha256(weights).hexdigest() != entry.facts["sha256"]:
            return None
        net = blank(data.shape, int(entry.facts["classes"]))
        net.load_state_dict(load(weights))
        net.about = str(entry.facts["about"])
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, SafetensorError):
        return None
    return net.eval().requires_grad_(False)
