"""Whether bfloat16 is fast here: measured once for a machine and kept, so that it decides the same each time.

Instructions for bfloat16 alone do not say it: some processors have them and are limited by memory, others emulate
them at a tenth of the speed.
"""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable, Iterator

import torch
from torch.nn import functional as F

from genstudio.engine import measured

CLEARLY = 1.2  # a gain that is worth the lost digits
_HOPELESS = 0.25  # a first ratio after which nothing more needs to be measured
_ROUNDS = 4
_BUDGET = 0.2  # seconds

_known: dict[str, bool] = {}
_lock = threading.Lock()


def fast_bf16(kind: str) -> bool:
    """True where training under bfloat16 autocast was measured to be at least 1.2 times as fast as in float32.

    Parameters
    ----------
    kind : {"cpu", "cuda", "mps"}
        "mps" is never measured: nobody has looked at the quality of bfloat16 there.
    """
    if kind not in ("cpu", "cuda"):
        return False
    with _lock:
        if kind not in _known:
            _known[kind] = _gain(kind) >= CLEARLY
        return _known[kind]


def _gain(kind: str) -> float:
    """The gain as kept from an earlier time, else as measured now."""
    key = f"bf16: {measured.machine_key(kind)}"
    kept = measured.recall(key)
    return measured.keep(key, measure(kind)) if kept is None else kept


def measure(kind: str) -> float:
    """Time in float32 over time in bfloat16, forward and backward, of a typical convolution and matrix product.

    On one thread, since more of them measure who else is busy; the best of interleaved rounds counts for each.
    Draws no random numbers. 0 where bfloat16 does not work at all.
    """
    work = _work(torch.device(kind))
    best = {False: math.inf, True: math.inf}
    begin = time.perf_counter()
    try:
        with _one_thread():
            first = {bf16: _seconds(work, kind, bf16) for bf16 in (False, True)}
            if first[False] < _HOPELESS * first[True]:
                return first[False] / first[True]
            for _ in range(_ROUNDS):
                for bf16 in best:
                    best[bf16] = min(best[bf16], _seconds(work, kind, bf16))
                if time.perf_counter() - begin > _BUDGET:
                    break
    except RuntimeError:
        return 0.0
    return best[False] / best[True]


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _work(device: torch.device) -> Callable[[], None]:
    """A forward and backward pass of the shapes that small picture networks have; larger ones on a GPU."""
    many = 16 if device.type == "cuda" else 1
    picture = torch.linspace(-1, 1, 8 * many * 32 * 14 * 14, device=device).view(8 * many, 32, 14, 14)
    picture = picture.to(memory_format=torch.channels_last).requires_grad_()
    kernel = torch.linspace(-1, 1, 64 * 32 * 9, device=device).view(64, 32, 3, 3).requires_grad_()
    row = torch.linspace(-1, 1, 64 * many * 784, device=device).view(64 * many, 784).requires_grad_()
    matrix = torch.linspace(-1, 1, 512 * 784, device=device).view(512, 784).requires_grad_()

    def work() -> None:
        total = F.conv2d(picture, kernel, padding=1).float().mean() + F.linear(row, matrix).float().mean()
        torch.autograd.grad(total, [picture, kernel, row, matrix])

    return work


def _seconds(work: Callable[[], None], kind: str, bf16: bool) -> float:
    begin = time.perf_counter()
    # without the cache of casts, each pass casts its weights as each training step has to
    with torch.autocast(kind, torch.bfloat16, enabled=bf16, cache_enabled=False):
        work()
    if kind == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - begin
