"""Painting must not cost references to None: PySide6 6.12.0 on Python 3.11 lost one a call and aborted."""

import sys

import numpy as np
from PySide6.QtWidgets import QApplication

from genstudio.app.widgets.loss_plot import LossPlot
from genstudio.core.events import Curve


def test_repainting_a_plot_does_not_eat_references_to_none(qtbot):
    plot = LossPlot()
    qtbot.addWidget(plot)
    plot.set_curves([Curve("loss", "loss", "nats")])
    plot.show()

    def frames(count, first):
        for i in range(first, first + count):
            plot.append(np.array([i]), {"loss": np.array([float(i % 7)])})
            plot.redraw()
            QApplication.processEvents()

    frames(20, 0)
    before = sys.getrefcount(None)
    frames(300, 20)
    assert sys.getrefcount(None) >= before - 50  # other code may drop a few; a leak would drop thousands
