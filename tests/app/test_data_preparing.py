"""The Data page while data is prepared: stopping, settings and favourites that are kept, training on it."""

import threading

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt

from genstudio.app import opening
from genstudio.core.data_config import DataConfig
from genstudio.core.errors import InputError
from genstudio.data import open_source


@pytest.fixture
def page(studio):
    return studio.go_to("data")


@pytest.fixture
def photos(tmp_path):
    """12 colour pictures of 20 x 20 in two folders, and a file that is none."""
    rng = np.random.default_rng(0)
    for i in range(12):
        folder = tmp_path / "photos" / ("cat" if i < 8 else "dog")
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (20, 20, 3), dtype=np.uint8)).save(folder / f"{i}.png")
    (tmp_path / "photos" / "cat" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n nothing")
    return tmp_path / "photos"


class Slow:
    """Stands in for `open_source`: sources that begin with "slow" go on until they are stopped."""

    def __init__(self):
        self.begun, self.stopped, self.configs = threading.Event(), threading.Event(), []

    def __call__(self, source, split, config, watch):
        self.configs.append((source, config))
        if source == "impossible" or config.size == 999:
            raise InputError("Choose a smaller size.")
        if not source.startswith("slow"):
            return open_source(source, split, config, watch)
        self.begun.set()
        try:
            while not self.stopped.wait(0.005):
                watch("preparing pictures", 300, 1000)
        finally:
            self.stopped.set()
        raise AssertionError("nobody stopped it")


@pytest.fixture
def slow(monkeypatch):
    stand_in = Slow()
    monkeypatch.setattr(opening, "open_source", stand_in)
    return stand_in


def change(studio, form, **values):
    """Set knobs as a person does, and wait until that is told."""
    studio.window.data_page.panel.tabs.setCurrentIndex(1)
    form.set_values(values)
    for name, value in values.items():
        form.changed.emit(name, value)
    studio.window.data_page.settings.settle()


# --- while it is prepared ----------------------------------------------------------------------------------


def test_progress_is_shown_in_place_of_the_pictures(studio, page, slow):
    page.show_source("slow")
    studio.wait(lambda: page.stage.preparing.isVisible() and page.stage.preparing.count.text())
    assert page.stage.preparing.what.text() == "Preparing pictures …"
    assert page.stage.preparing.count.text().startswith("300 of 1,000")
    assert not page.use.isEnabled()
    assert not page.panel.tabs.isEnabled()  # what it tells is of other data
    studio.press("Cancel")
    assert slow.stopped.wait(10)
    studio.quiet()


def test_escape_stops_it_and_what_was_there_is_shown_again(studio, page, slow):
    page.show_source("slow")
    assert slow.begun.wait(10)
    studio.wait(lambda: page.stage.preparing.isVisible())
    studio.key(Qt.Key.Key_Escape)
    assert slow.stopped.wait(10)
    assert page.view.isVisible()
    assert len(page.gallery.pictures) == 1797
    assert page.sources.currentItem().text() == "Digits"
    assert page.use.isEnabled()
    assert page.panel.tabs.isEnabled()
    studio.quiet()
    assert studio.said == []


def test_another_source_stops_the_first_one(studio, page, slow):
    page.show_source("slow")
    assert slow.begun.wait(10)
    page.show_source("rings")
    assert slow.stopped.wait(10)
    studio.quiet()
    assert page.view.points.count() == 10_000
    assert page.trouble.text() == ""


def test_closing_the_window_stops_it(studio, page, slow):
    page.show_source("slow")
    assert slow.begun.wait(10)
    assert studio.window.close()
    assert slow.stopped.wait(10)


def test_settings_that_cannot_be_used_leave_what_is_shown(studio, page, slow):
    page.show_source("shapes")
    studio.quiet()
    change(studio, page.settings.prepared, size=999)
    studio.quiet()
    assert page.stage.warning.text() == "Choose a smaller size."
    assert page.stage.warning.isVisible()
    assert len(page.gallery.pictures) == 6000
    assert not page.use.isEnabled()
    change(studio, page.settings.prepared, size=16)
    studio.quiet()
    assert not page.stage.warning.isVisible()
    assert page.gallery.pictures.images.shape[1:3] == (16, 16)
    assert page.use.isEnabled()


def test_try_again_opens_what_was_refused(studio, page, slow):
    page.show_source("impossible")
    studio.quiet()
    assert page.trouble.isVisible()
    studio.press("Try again")
    studio.quiet()
    assert [source for source, _ in slow.configs[-2:]] == ["impossible", "impossible"]


# --- settings ----------------------------------------------------------------------------------------------


def test_a_folder_of_pictures_is_prepared_with_the_chosen_settings_and_trained_on(studio, page, photos):
    page.show_source(str(photos))
    studio.quiet()
    assert page.panel.facts.rows["Size"] == "20 x 20 pixels, colour"
    assert page.panel.facts.labels.counts() == {"cat": 8, "dog": 4}
    assert [r.file for r in page.panel.rejected.files()] == ["cat/broken.png"]
    change(studio, page.settings.prepared, size=8, channels="grey")
    studio.quiet()
    assert page.panel.facts.rows["Size"] == "8 x 8 pixels, grey"
    change(studio, page.settings.varied, flip="horizontal")
    assert page.config() == DataConfig(size=8, channels="grey", flip="horizontal")
    studio.press("Train on this data")
    spec = studio.page.spec()
    assert (spec.data, spec.preparation) == (str(photos), page.config())


def test_each_source_remembers_its_settings_to_the_next_session(studio, page):
    page.show_source("shapes")
    studio.quiet()
    change(studio, page.settings.prepared, size=16)
    studio.quiet()
    page.show_source("digits")
    studio.quiet()
    assert page.config() == DataConfig()
    assert studio.window.close()
    page = studio.open("data").window.data_page
    page.show_source("shapes")
    studio.quiet()
    assert page.config() == DataConfig(size=16)
    assert page.gallery.pictures.images.shape[1:3] == (16, 16)


def test_favourites_stand_first_and_are_kept(studio, page):
    page.sources.starred.emit("rings", True)
    assert page.sources.sources()[0] == "rings"
    assert studio.window.close()
    page = studio.open("data").window.data_page
    assert page.sources.sources()[0] == "rings"
    page.sources.starred.emit("rings", False)
    assert page.sources.sources()[0] == "digits"


def test_what_the_network_sees_is_shown_while_pictures_are_varied(studio, page):
    assert not page.look.isVisible()
    change(studio, page.settings.varied, rotation=30.0)
    studio.quiet()
    assert page.look.isVisible()
    first = np.asarray(page.look.gallery.pictures.images)
    assert first.shape == (12, 8, 8, 1)
    studio.click(page.look.again)
    studio.quiet()
    assert (np.asarray(page.look.gallery.pictures.images) != first).any()
    change(studio, page.settings.varied, rotation=0.0)
    assert not page.look.isVisible()


def test_a_run_that_is_shown_keeps_its_own_settings_until_others_are_chosen(studio, page):
    change(studio, page.settings.prepared, size=10)
    studio.quiet()
    studio.press("Train on this data")
    studio.trained(2)
    page = studio.go_to("data")
    page.remembered.clear()  # as if the settings of the source had been lost since
    assert studio.page.spec().preparation == DataConfig(size=10)
    page.show_source("digits")
    studio.quiet()
    assert studio.page.spec().preparation == DataConfig()


# --- what is found -----------------------------------------------------------------------------------------


def test_findings_are_told_and_shown(studio, page, photos):
    (photos / "cat" / "copy.png").write_bytes((photos / "cat" / "1.png").read_bytes())
    page.show_source(str(photos))
    studio.quiet()
    titles = page.panel.findings.titles
    assert any("copy" in title for title in titles)
    assert page.panel.tabs.tabText(2) == f"Check ({len(titles) + 1})"  # and what cannot be used
    page.panel.tabs.setCurrentIndex(2)
    studio.press("Show all 2", page.panel.findings._entries[0])
    assert page.view.count() == 2
    assert page.stage._note.text() == "2 of 13 pictures"


def test_prepared_data_can_be_cleared(studio, page, photos):
    page.show_source(str(photos))
    studio.quiet()
    page.panel.tabs.setCurrentIndex(1)
    assert page.panel.clear.text().startswith("Clear prepared data (")
    studio.click(page.panel.clear)
    studio.quiet()
    assert len(page.gallery.pictures) == 12
    assert not page.gallery.grab().isNull()  # what is shown stays
    assert page.panel.clear.isHidden() or page.panel.clear.text() != "Clearing …"


@pytest.mark.parametrize("source", ["digits", "trio", "rings", "/no/such/" + "folder" * 50])
def test_the_page_fits_the_smallest_window(studio, page, source):
    page.show_source(source)
    studio.quiet()
    change(studio, page.settings.varied, **({"shift": 0.2} if page.settings.varied.values() else {}))
    studio.quiet()
    studio.window.resize(1024, 640)
    studio.wait(lambda: studio.window.width() == 1024)
    for tab in range(3):
        page.panel.tabs.setCurrentIndex(tab)
        assert page.minimumSizeHint().width() <= page.width()
        assert page.minimumSizeHint().height() <= page.height()


def test_tab_reaches_sources_items_facts_and_training_in_reading_order(studio, page):
    page.show_source("trio")
    studio.quiet()
    page.sources.setFocus()
    stops = [page.open, page.open_file, page.view.modality.buttons["image"], page.view.filter.label, page.gallery]
    stops += [
        page.view.detail.play,
        page.view.detail.text,
        page.panel.tabs.tabBar(),
        page.panel.facts.labels,
        page.panel.export,
        page.use,
    ]
    for stop in stops:
        studio.key(Qt.Key.Key_Tab)
        assert stop.hasFocus(), stop.accessibleName()
