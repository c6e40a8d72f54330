"""How long a frame of the loss plot and of the gallery takes. Called by the window benchmark, which prints a table.

Every figure is of one run in one process with the platform that Qt was started on; needs a QApplication.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication

from genstudio.app.widgets.gallery import Gallery
from genstudio.app.widgets.loss_plot import LossPlot
from genstudio.core.events import Curve


@dataclass(frozen=True, slots=True)
class Frames:
    """Times of frames in ms: median, 99th percentile, worst; `first` is the time to the first paint."""

    what: str
    p50: float
    p99: float
    worst: float
    first: float

    @classmethod
    def of(cls, what: str, seconds: list[float], first: float) -> Frames:
        ms = 1000 * np.array(seconds)
        return cls(what, float(np.median(ms)), float(np.quantile(ms, 0.99)), float(ms.max()), 1000 * first)


def _paint() -> None:
    """Let everything that asked for it be laid out and painted."""
    QCoreApplication.processEvents()
    QCoreApplication.processEvents()


def plot_frames(
    points: int, curves: int = 1, smoothing: int = 0, log: bool = False, frames: int = 60, zoom: float = 1.0
) -> Frames:
    """Append 20 points to each curve and repaint a plot of 900 x 600 that holds `points` points a curve.

    Parameters
    ----------
    smoothing : int
        Position of the smoothing slider, 0 is off.
    zoom : float
        Share of the steps that is in sight; below 1 the plot does not follow.
    """
    rng = np.random.default_rng(0)
    plot = LossPlot()
    plot.resize(900, 600)
    plot.controls.slider.setValue(smoothing)
    plot.controls.log.setChecked(log)
    names = [f"curve {i}" for i in range(curves)]
    plot.set_curves([Curve(name, name, "nats") for name in names])
    values = {name: 100.0 * (i + 1) + rng.normal(size=points) for i, name in enumerate(names)}
    begun = time.perf_counter()
    plot.load({name: (np.arange(points), y) for name, y in values.items()})
    plot.show()
    plot.redraw()
    _paint()
    first = time.perf_counter() - begun
    if zoom < 1:
        plot.look(points * (1 - zoom), points)
    seconds = []
    for frame in range(frames):
        steps = np.arange(20) + points + 20 * frame
        more = {name: y[:20] + rng.normal(size=20) for name, y in values.items()}
        begun = time.perf_counter()
        plot.append(steps, more)
        plot.redraw()
        _paint()
        seconds.append(time.perf_counter() - begun)
    plot.close()
    text = f"plot {points:,} x {curves}" + (", smoothed" if smoothing else "") + (", log" if log else "")
    return Frames.of(text + (f", {zoom:g} in sight" if zoom < 1 else ""), seconds, first)


def pictures(count: int, side: int = 28, channels: int = 1, file: Path | None = None) -> NDArray[np.uint8]:
    """Noise pictures [count, side, side, channels]; in memory, or memory-mapped when a file is given."""
    shape = (count, side, side, channels)
    rng = np.random.default_rng(0)
    if file is None:
        return rng.integers(0, 256, shape, np.uint8)
    mapped = np.memmap(file, np.uint8, "w+", shape=shape)
    for i in range(0, count, 10_000):
        mapped[i : i + 10_000] = rng.integers(0, 256, (min(10_000, count - i), *shape[1:]), np.uint8)
    return mapped


def gallery_scroll(images: NDArray[np.uint8], zoom: int | None = None, frames: int = 200) -> Frames:
    """Scroll a gallery of 1000 x 720 from top to bottom in `frames` steps; `zoom` None is the automatic one."""
    gallery = Gallery()
    gallery.resize(1000, 720)
    begun = time.perf_counter()
    gallery.set_images(images)
    gallery.set_zoom(zoom)
    gallery.show()
    _paint()
    first = time.perf_counter() - begun
    bar = gallery.verticalScrollBar()
    seconds = []
    for frame in range(frames):
        begun = time.perf_counter()
        bar.setValue(round(bar.maximum() * frame / frames) + 7)
        _paint()
        seconds.append(time.perf_counter() - begun)
    gallery.close()
    count, side, _, channels = images.shape
    kind = "memory-mapped, " if isinstance(images, np.memmap) else ""
    name = f"gallery {count:,} of {side} px x {channels}, {kind}zoom {zoom or gallery.zoom()}"
    return Frames.of(name, seconds, first)
