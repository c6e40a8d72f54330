"""Brings what a run has logged into a plot of its curves."""

from __future__ import annotations

import numpy as np

from genstudio.app.widgets.loss_plot import LossPlot
from genstudio.engine.review import Review


def cut_after(plot: LossPlot, step: int) -> None:
    """Forget points after `step`: a run that was interrupted goes on from its last checkpoint."""
    extent = plot.data.extent()
    if extent is None or extent[1] <= step:
        return
    kept = {}
    for curve in plot.data.curves:
        line = plot.data.line(curve.name)
        count = int(np.searchsorted(line.steps, step, "right"))
        kept[curve.name] = (line.steps[:count].copy(), line.values[:count].copy())
    plot.load(kept, [(mark.step, mark.text) for mark in plot.data.marks if mark.step <= step])


def show_history(plot: LossPlot, found: Review) -> None:
    """Load everything that a run logged into a plot."""
    plot.set_curves(found.curves)
    known = {curve.name for curve in found.curves}
    plot.load({name: line for name, line in found.history.values.items() if name in known}, found.history.marks)
