"""The child process that arranges maps by t-SNE: it hears one request, answers as the map grows, and ends.

It has one thread, a low priority, and ends when its parent does.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from genstudio.data.decoding import receive, send
from genstudio.engine.latent.principal import principal_axes, read_codes
from genstudio.engine.latent.tsne import Floats, rows_to_arrange
from genstudio.engine.latent.tsne_pipe import FRAME

_COMPONENTS = 50  # principal components that neighbours are searched in, as van der Maaten & Hinton (2008) do
_PERPLEXITY = 30.0
_EVERY = 25  # iterations between two answers
_EARLY, _LATE, _AGAIN = 250, 500, 250  # iterations: exaggerated, then not; from a map before
_EXAGGERATION = 12.0  # of attraction in the first iterations, as in the paper of openTSNE
_SMALL = 1e-4  # standard deviation of the start, which keeps the first gradients from being tiny
_PART = 2_000  # codes placed at a time
_SMALLEST_SHARE = 0.1  # of the largest standard deviation: dead dimensions must not be blown up to full size
_COMPARED = 20_000  # codes
_BY_GRID = 2_000  # codes from which on repulsion is interpolated on a grid
_BOX = 2  # side of a cell of that grid: halves the time and the memory of side 1 and moves hardly a point


class Pipe:
    """The child's end of the pipes."""

    def __init__(self, source: IO[bytes], sink: IO[bytes]) -> None:
        self._source, self._sink = source, sink

    def hear(self) -> dict[str, Any]:
        """The request."""
        return json.loads(receive(self._source, 10_000))

    def hear_array(self, count: int, size: int) -> Floats:
        """Float32 [count, size]."""
        flat = np.empty(count * size, np.float32)
        step = FRAME // 4
        for start in range(0, len(flat), step):
            part = np.frombuffer(receive(self._source, FRAME), "<f4")
            flat[start : start + len(part)] = part
        return flat.reshape(count, size)

    def say(self, stage: str, done: int, total: int, xy: NDArray[Any] | None = None) -> None:
        """One answer, with points [n, 2] in units of t-SNE."""
        points = np.empty((0, 2), "<f4") if xy is None else np.ascontiguousarray(xy, "<f4")
        send(self._sink, json.dumps({"stage": stage, "done": done, "total": total}).encode())
        send(self._sink, points.tobytes())

    def refuse(self, reason: str) -> None:
        """Say why there will be no map, a sentence."""
        send(self._sink, json.dumps({"no": reason}).encode())


class Measure:
    """How codes are compared: by centred, nearly standardised dimensions, in at most 50 principal components.

    Parameters
    ----------
    codes : float32 [N, D]
        What it is taken from.
    """

    def __init__(self, codes: Floats) -> None:
        known = read_codes(codes)
        spread = known.std(0)
        self._mean = known.mean(0).astype(np.float32)
        self._spread = np.maximum(spread, _SMALLEST_SHARE * spread.max()).astype(np.float32)
        standard = (known - self._mean) / self._spread
        directions = principal_axes(standard, min(_COMPONENTS, codes.shape[1])).directions
        self._directions = directions.T.astype(np.float32)

    def of(self, codes: Floats) -> Floats:
        """Codes [N, D] to float32 [N, min(50, D)], the component of the largest variance first."""
        return ((codes - self._mean) / self._spread) @ self._directions


def arrange(pipe: Pipe, request: dict[str, Any]) -> None:
    """Arrange codes, then place the others among them."""
    count, seed = request["count"], request["seed"]
    codes = pipe.hear_array(count, request["size"])
    rows = rows_to_arrange(count, request["most"], seed)
    start = pipe.hear_array(len(rows), 2) if request["start"] else None
    points = Measure(codes).of(codes)
    del codes
    pipe.say("neighbours", 0, 1)
    fitted = _fitted(pipe, points[rows], start, seed)
    rest = np.setdiff1d(np.arange(count), rows, assume_unique=True)
    _place(pipe, fitted, points[rest])


def place(pipe: Pipe, request: dict[str, Any]) -> None:
    """Place codes on a map that stays."""
    known = pipe.hear_array(request["count"], request["size"])
    xy = pipe.hear_array(request["count"], 2)
    codes = pipe.hear_array(request["new"], request["size"])
    measure = Measure(known)
    _place(pipe, _embedding(measure.of(known), xy.astype(np.float64), request["seed"]), measure.of(codes))


def _fitted(pipe: Pipe, points: Floats, start: Floats | None, seed: int) -> Any:
    """An arranged embedding of points [n, K], of which was told on the way."""
    if start is None:
        xy = points[:, :2].astype(np.float64) if points.shape[1] > 1 else np.repeat(points.astype(np.float64), 2, 1)
        xy *= _SMALL / max(float(xy[:, 0].std()), 1e-12)
        # equal codes must be able to part
        xy += np.random.default_rng(seed).normal(0, _SMALL / 100, xy.shape)
        phases = [(_EARLY, _EXAGGERATION), (_LATE, 1.0)]
    else:
        xy, phases = start.astype(np.float64), [(_AGAIN, 1.0)]
    embedding = _embedding(points, xy, seed)
    total, done = sum(iterations for iterations, _ in phases), 0

    def tell(_iteration: int, _error: float, now: NDArray[Any]) -> bool:
        nonlocal done
        done += _EVERY
        if done < total:
            pipe.say("arranging", done, total, now)
        return False

    for iterations, exaggeration in phases:
        embedding.optimize(
            iterations, inplace=True, exaggeration=exaggeration, momentum=0.8, learning_rate="auto",
            callbacks=[tell], callbacks_every_iters=_EVERY,
        )  # fmt: skip
    pipe.say("arranging", total, total, embedding)
    return embedding


def _embedding(points: Floats, xy: NDArray[np.float64], seed: int) -> Any:
    """An openTSNE embedding of points [n, K] that starts at xy [n, 2]."""
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN

    perplexity = min(_PERPLEXITY, (len(points) - 1) / 3)
    # up to so many, comparing all with all is quicker than building an index, and always gives the same
    search = "exact" if len(points) <= _COMPARED else "auto"
    affinities = PerplexityBasedNN(
        points.astype(np.float64), cast(Any, perplexity), method=search, n_jobs=1, random_state=seed
    )
    method = "fft" if len(points) >= _BY_GRID else "bh"
    return TSNEEmbedding(
        xy.copy(), affinities, negative_gradient_method=method, ints_in_interval=_BOX, n_jobs=1, random_state=seed
    )


def _place(pipe: Pipe, embedding: Any, points: Floats) -> None:
    """Place points [M, K] on an embedding, part by part."""
    where = np.array(embedding[:1])
    for begin in range(0, len(points), _PART):
        part = points[begin : begin + _PART]
        placed = np.asarray(embedding.transform(part.astype(np.float64)))
        # openTSNE moves the whole embedding to the middle of its grid when it places the first ones
        moved = np.asarray(embedding[:1]) - where
        pipe.say("placing", begin + len(part), len(points), placed - moved)


def main() -> None:
    """Entry point."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the parent, which ends its children itself
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            os.nice(10)
    # scikit-learn imports it where it is installed, for a second and 60 MB, and no table is seen here
    sys.modules["pandas"] = cast(Any, None)
    # libraries may print: the pipes are ours alone
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    pipe = Pipe(source, sink)
    with contextlib.suppress(BrokenPipeError, EOFError):
        _serve(pipe)
    os._exit(0)


def _serve(pipe: Pipe) -> None:
    try:
        request = pipe.hear()
        (arrange if request["task"] == "arrange" else place)(pipe, request)
        pipe.say("end", 1, 1)
    except (BrokenPipeError, EOFError):
        raise
    except ImportError:
        pipe.refuse("Maps by t-SNE need openTSNE: install it with “pip install openTSNE”.")
    except MemoryError:
        pipe.refuse("There is too little memory to arrange the map: close other programs, or encode fewer items.")
    except Exception as error:  # whatever openTSNE makes of strange codes, the window goes on
        pipe.refuse(f"The map cannot be arranged ({type(error).__name__}: {error}): look at principal directions.")


if __name__ == "__main__":
    main()
