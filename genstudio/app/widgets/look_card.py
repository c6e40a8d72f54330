"""A strip of pictures as the network will see them, while some augmentation is chosen."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QToolButton, QWidget

from genstudio.app import theme
from genstudio.app.widgets.card import Card
from genstudio.app.widgets.gallery import Gallery
from genstudio.app.work import Work
from genstudio.core.data_config import DataConfig
from genstudio.core.events import Images
from genstudio.data import Dataset

_LEAST, _HEIGHT = 150, 228  # pixels: two rows of 64 where there is room
_COUNT = 12  # pictures, two rows of six beside each other in a small window


class LookCard(Card):
    """Hidden without augmentation.

    Signals
    -------
    problem(str)
    """

    problem = Signal(str)

    def __init__(self, work: Work, parent: QWidget | None = None) -> None:
        super().__init__("What the network will see", parent)
        self._work = work
        self._data: Dataset | None = None
        self._config = DataConfig()
        self._seed = 0
        self.gallery = Gallery()
        self.gallery.set_empty_text("Making pictures …")
        self.gallery.problem.connect(self.problem)
        self.again = QToolButton()
        self.again.setAccessibleName("Vary them anew")
        self.again.setToolTip("Vary the same pictures in another way")
        theme.set_icon(self.again, "refresh", 16)
        self.again.clicked.connect(self._once_more)
        self.add_control(self.again)
        self.add(self.gallery, 1)
        self.setMinimumHeight(_LEAST)
        self.setMaximumHeight(_HEIGHT)
        self.hide()

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), _HEIGHT)

    def show_data(self, data: Dataset | None, config: DataConfig) -> None:
        """Show pictures of a data set, varied by these settings."""
        self._data, self._config = data, config
        there = data is not None and len(data.images) > 0 and config.augments
        self.setVisible(there)
        if there:
            self._make()

    def _once_more(self) -> None:
        self._seed += 1
        self._make()

    def _make(self) -> None:
        data, config, seed = self._data, self._config, self._seed
        assert data is not None

        def make() -> Images:
            from genstudio.engine.look import augmented  # brings torch, in the thread

            return augmented(data, config, seed, _COUNT)

        self._work.start("look", make, self._show, lambda error: self.problem.emit(str(error)))

    def _show(self, images: Images) -> None:
        self.gallery.set_images(images, None, "what the network will see")
