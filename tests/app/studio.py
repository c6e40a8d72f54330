"""A person at the window, for tests: opens it, clicks what is visible, types, waits for what is shown."""

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QApplication

from genstudio.app import settings, theme
from genstudio.app.notifications import NotificationManager
from genstudio.app.widgets.number_field import NumberField
from genstudio.app.window import Window

LONG = 60_000  # milliseconds: far more than anything here takes
#: A model of a few hundred weights: a step takes a millisecond.
SMALL = {"network": "mlp", "width": 4, "latent_dim": 3, "batch_size": 16, "threads": 1, "device": "cpu"}


class Studio:
    """One window at a time; `end` closes the last one.

    Attributes
    ----------
    window : Window
        Shown, active, with its families loaded.
    """

    def __init__(self, qtbot):
        self.qtbot = qtbot
        self.window = None

    def open(self, page="train", run=None, go_on=False):
        """Start GenStudio with the settings that were saved last; with `run` as on the command line."""
        remembered, _ = settings.load()
        theme.apply(QApplication.instance(), "dark")
        with theme.undressed(QApplication.instance()):  # as it is built in earnest
            self.window = window = Window(NotificationManager(), remembered)
        self.qtbot.addWidget(window)
        with self.qtbot.waitSignal(window.families_ready, timeout=LONG):
            window.show()
            if run is not None:
                window.open_run(run, go_on)
            window.begin()
        self.activate()
        self.quiet()
        if page:
            window.show_page(page)
            self.quiet()
        return self

    def end(self):
        if self.window is not None:
            self.window.session.close()

    # --- hands -------------------------------------------------------------------------------------

    def click(self, widget):
        """Click what a person could click."""
        assert widget.isVisible()
        assert widget.isEnabled()
        self.qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)

    def _buttons(self, text, within=None):
        found = [b for b in (within or self.window).findChildren(QAbstractButton) if b.isVisible()]
        return [b for b in found if b.text() == text and not self.window.side.isAncestorOf(b)]

    def button(self, text, within=None):
        """The one visible button with this text, beside those of the side bar."""
        (found,) = self._buttons(text, within)
        return found

    def offers(self, text, within=None):
        """Whether a button with this text can be pressed."""
        return any(b.isEnabled() for b in self._buttons(text, within))

    def press(self, text, within=None):
        self.click(self.button(text, within))

    def go_to(self, page):
        """Click a page in the side bar."""
        self.click(self.window.side.buttons[page])
        self.quiet()
        return self.window.pages[page]

    def key(self, key, modifier=Qt.KeyboardModifier.NoModifier):
        """Press a key where the focus is."""
        self.activate()
        self.qtbot.keyClick(QApplication.focusWidget() or self.window, key, modifier)

    def activate(self):
        """The platform without a screen forgets now and then which window is the active one."""
        self.wait(lambda: self.window.isActiveWindow() or self.window.activateWindow())

    def knob(self, label):
        """The number field of the knob with this label."""
        form = self.window.train_page.form
        rows = form._rows.values()  # those of the family before may not be deleted yet
        fields = [field for field in form.findChildren(NumberField) if field.parentWidget() in rows]
        (found,) = [f for f in fields if f.accessibleName().split(",")[0] == label]
        return found

    def retype(self, field, text):
        """Replace what stands in a field and press Enter."""
        field.setFocus()
        self.qtbot.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        self.qtbot.keyClicks(field, text)
        self.qtbot.keyClick(field, Qt.Key.Key_Return)

    # --- patience ----------------------------------------------------------------------------------

    def wait(self, condition):
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=LONG)

    def quiet(self):
        """Until nothing trains and no work in the background is to be answered."""
        self.wait(lambda: not self.session.running and not self.session.work._newest and not self._drawing())

    def _drawing(self):
        """Whether the Latent page, if anybody has been there, still waits for something."""
        page = self.window.latent_shell._made
        return page is not None and (page.desk._requests or page.levers._later.isActive())

    def train(self, family="vae", preset=None, **values):
        """Fill in the form, press Train, wait for pictures; without `steps` it goes on until stopped."""
        self.window.train_page.choose_family(family, {**SMALL, "steps": 0, **values}, preset)
        self.press("Train")
        self.wait(lambda: self.session.phase != "starting")

    def train_until_pictures(self, **values):
        self.train(**values)
        self.wait(lambda: self.session.phase == "training" and len(self.page.samples.pictures) > 0)
        self.wait(lambda: not self.page.plot.data.empty)

    def trained(self, steps=10, family="vae", **values):
        """A finished run; its folder."""
        self.train(family, steps=steps, **values)
        self.quiet()
        assert self.state == "Finished"
        return self.session.path

    def pause(self):
        """Press Pause and wait until the step under way has been taken and told; gives its number."""
        self.press("Pause")
        self.wait(lambda: self.window.shown.progress is not None)
        last = None
        while last != (last := self.window.shown.progress.step):
            self.qtbot.wait(150)
        return last

    def stop(self):
        """Press "Stop and keep" and wait until everything is saved and shown."""
        self.press("Stop and keep")
        self.quiet()

    # --- eyes --------------------------------------------------------------------------------------

    @property
    def session(self):
        return self.window.session

    @property
    def page(self):
        return self.window.train_page

    @property
    def state(self):
        """The word in the chip, empty when it is hidden."""
        chip = self.window.top.chip
        return chip.text() if chip.isVisible() else ""

    @property
    def said(self):
        """What the messages in the corner say."""
        QApplication.sendPostedEvents(self.window.manager)
        return [note.text for note in self.window.toasts.notes()]

    def curve(self, name):
        """(steps, values) of a curve as the window has it."""
        line = self.page.plot.data.line(name)
        return np.array(line.steps), np.array(line.values)
