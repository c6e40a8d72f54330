"""What the pipeline of data is measured against, what is trained on its batches, and how memory is read."""

from __future__ import annotations

import os
import resource
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch
from loops import BATCH, CASES, SEED, loss_of, model_of
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset

from genstudio.data.batches import ImageBatches

SIDE = 64  # pixels that every picture is brought to
CPU = torch.device("cpu")


# --- folders of pictures ------------------------------------------------------------------------------


def unpack(archive: Path, folder: Path) -> None:
    """The JPEG files of an archive of our own, side by side."""
    with zipfile.ZipFile(archive) as members:
        for i, name in enumerate(members.namelist()):
            if name.lower().endswith((".jpg", ".jpeg")):
                (folder / f"{i:05}.jpg").write_bytes(members.read(name))


def photos(folder: Path, count: int, width: int, height: int) -> None:
    """JPEG files as cameras make them: smooth colours, edges and grain; no two are the same."""
    rng = np.random.default_rng(SEED)
    coarse = rng.integers(0, 256, (9, 12, 3), dtype=np.uint8)
    scene = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC), np.int16)
    scene = scene + rng.normal(0, 6, (height, width, 1)).astype(np.int16)
    scene = np.clip(scene, 0, 255).astype(np.uint8)
    for i in range(count):
        image = Image.fromarray(np.roll(scene, (37 * i, 91 * i), (0, 1)))
        image.save(folder / f"{i:05}.jpg", quality=90)


def plain(path: Path) -> NDArray[np.uint8]:
    """What tutorials write: open, crop the middle, resize; uint8 [64, 64, 3]."""
    with Image.open(path) as image:
        rgb = image.convert("RGB")
    side = min(rgb.size)
    left, top = (rgb.width - side) // 2, (rgb.height - side) // 2
    square = rgb.crop((left, top, left + side, top + side))
    return np.asarray(square.resize((SIDE, SIDE), Image.Resampling.LANCZOS))


def pillow_loop(folder: Path) -> NDArray[np.uint8]:
    """All pictures one after the other in this process: uint8 [N, 64, 64, 3]."""
    return np.stack([plain(path) for path in sorted(folder.iterdir())])


class Files(TorchDataset[Tensor]):
    """The same as PyTorch has it."""

    def __init__(self, folder: Path) -> None:
        self._paths = sorted(folder.iterdir())

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: int) -> Tensor:
        return torch.from_numpy(plain(self._paths[index]).copy())


def torch_loader(folder: Path, workers: int) -> NDArray[np.uint8]:
    """All pictures through worker processes."""
    loader = DataLoader(Files(folder), batch_size=BATCH, num_workers=workers)
    return torch.cat(list(loader)).numpy()


def timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Wall seconds, processor seconds of this process and of children that ended, result."""

    def spent() -> float:
        both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(usage.ru_utime + usage.ru_stime for usage in both)

    wall, cpu = time.perf_counter(), spent()
    result = work()
    return time.perf_counter() - wall, spent() - cpu, result


# --- batches ------------------------------------------------------------------------------------------


def write_rows(path: Path, images: NDArray[np.uint8], count: int) -> None:
    """A .npy file of `count` pictures drawn from `images` [M, H, W, C], written in pieces."""
    rng = np.random.default_rng(SEED)
    rows = np.lib.format.open_memmap(path, "w+", np.uint8, (count, *images.shape[1:]))
    for start in range(0, count, 10_000):
        size = min(10_000, count - start)
        rows[start : start + size] = images[rng.integers(len(images), size=size)]
    rows.flush()


class FloatBatches:
    """Batches from a tensor that is float already: the least that any training can do."""

    def __init__(self, images: NDArray[np.uint8], size: int) -> None:
        rows = torch.empty((len(images), *images.shape[1:]), dtype=torch.float32)
        for start in range(0, len(images), 10_000):
            rows[start : start + 10_000] = torch.from_numpy(np.array(images[start : start + 10_000])).div(255)
        self._rows, self._size = rows.permute(0, 3, 1, 2), size
        self._order = self._shuffled()

    def _shuffled(self) -> Iterator[Tensor]:
        epoch = 0
        while True:
            order = torch.from_numpy(np.random.default_rng([SEED, epoch]).permutation(len(self._rows)))
            yield from (part for part in order.split(self._size) if len(part) == self._size)
            epoch += 1

    def next(self) -> dict[str, Tensor]:
        """{"image": float32 [size, C, H, W]}."""
        return {"image": self._rows.index_select(0, next(self._order))}


def batches_of(kind: str, path: Path) -> ImageBatches | FloatBatches:
    """Batches of 128 from a .npy file: "memory map", "bytes in memory" or "float tensor"."""
    mapped = np.load(path, mmap_mode="c")
    if kind == "float tensor":
        return FloatBatches(mapped, BATCH)
    return ImageBatches(mapped if kind == "memory map" else np.load(path), BATCH, SEED, CPU)


class Training:
    """Steps of the default convolutional VAE on batches from anywhere."""

    def __init__(self, batches: ImageBatches | FloatBatches, images: NDArray[np.uint8]) -> None:
        self._case, self._batches = CASES["vae-conv"], batches
        self._model = model_of(self._case, images[:1000]).to(memory_format=torch.channels_last)
        self._optimizer = torch.optim.AdamW(self._model.parameters(), lr=1e-3, weight_decay=0.0, fused=True)
        self._rng = torch.Generator().manual_seed(SEED)
        self._step = 0

    def __call__(self, steps: int) -> None:
        for _ in range(steps):
            loss = loss_of(self._case, self._model, self._batches.next()["image"], self._step, self._rng)
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()
            self._step += 1


# --- memory -------------------------------------------------------------------------------------------


def memory() -> dict[str, float]:
    """MiB of this process: at most, and now by where the pages come from. File pages can be given up at any time."""
    place = Path("/proc/self")
    if not (place / "smaps_rollup").exists():
        return dict.fromkeys(("peak", "anonymous", "file"), float("nan"))
    lines = (place / "smaps_rollup").read_text().splitlines()[1:] + (place / "status").read_text().splitlines()
    facts = {line.split()[0]: int(line.split()[1]) / 1024 for line in lines if line.endswith(" kB")}
    # the peak of getrusage would be that of the parent, where it is higher
    return {"peak": facts["VmHWM:"], "anonymous": facts["Anonymous:"], "file": facts["Rss:"] - facts["Anonymous:"]}


class TreeMemory(threading.Thread):
    """Highest sum of resident memory of a process and all below it, every 20 ms; shared pages count twice."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._root, self.peak, self.ended = psutil.Process(pid), 0, threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.02):
            total = 0
            try:
                for process in [self._root, *self._root.children(recursive=True)]:
                    total += process.memory_info().rss
            except psutil.NoSuchProcess:
                pass
            self.peak = max(self.peak, total)


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
