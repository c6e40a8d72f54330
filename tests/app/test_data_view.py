"""The items of a data set: every modality on the same item, filtered by label, part and finding."""

import numpy as np
import pytest
from PySide6.QtCore import Qt

from genstudio.app.widgets.data_view import DataView
from genstudio.data import Dataset
from genstudio.data.columns import Sounds, Texts

N = 40


def trio(**changes):
    rng = np.random.default_rng(0)
    given = {
        "source": "trio",
        "name": "trio",
        "images": rng.integers(0, 256, (N, 8, 8, 3), dtype=np.uint8),
        "audio": Sounds(rng.integers(-99, 99, (N, 400)).astype(np.int16), np.full(N, 300, np.int32), 8000),
        "texts": Texts.of(f"text {i}" for i in range(N)),
        "labels": np.arange(N) % 3 - 1,
        "label_names": ("cat", "dog"),
        "names": [f"{i}.png" for i in range(N)],
        "parts": (np.arange(N) >= 30).astype(np.int8) * 2,
    }
    return Dataset(**{**given, **changes})


@pytest.fixture
def view(qtbot):
    widget = DataView()
    qtbot.addWidget(widget)
    widget.resize(500, 500)
    widget.set_data(trio())
    widget.show()
    return widget


def test_all_modalities_follow_the_current_item(view, qtbot):
    view.gallery.set_current(4)
    assert (view.sounds.current(), view.texts.current()) == (4, 4)
    assert view.detail.text.toPlainText() == "text 4"
    assert view.detail.title.text() == "Item 5 · 4.png · cat · training part · 0.04 s"
    qtbot.mouseClick(view.modality.buttons["text"], Qt.MouseButton.LeftButton)
    assert view.texts.isVisible()
    view.texts.set_current(9)
    assert (view.gallery.current(), view.row()) == (9, 9)


def test_a_label_shows_its_items_only(view, qtbot):
    with qtbot.waitSignal(view.counted) as heard:
        view.filter.choose_label(1)
    rows = np.flatnonzero(trio().labels == 1)
    assert heard.args == [len(rows)] == [view.count()]
    np.testing.assert_array_equal(np.asarray(view.gallery.pictures.images[0:3]), trio().images[rows[:3]])
    view.gallery.set_current(2)
    assert view.row() == rows[2]
    assert view.detail.text.toPlainText() == f"text {rows[2]}"
    view.filter.choose_label(1)  # once more: all of them again
    assert view.count() == N


def test_label_and_part_together_and_items_without_a_label(view):
    view.filter.label.setCurrentText("(no label)")
    view.filter.part.setCurrentText("Test part")
    data = trio()
    np.testing.assert_array_equal(view.filter.rows(), np.flatnonzero((data.labels == -1) & (data.parts == 2)))
    assert view.texts.count() == view.count() == len(view.filter.rows()) > 0


def test_a_finding_is_shown_and_left_again(view, qtbot):
    view.filter.show_found("2 copies", np.array([7, 3]))
    assert view.count() == 2
    view.gallery.set_current(1)
    assert view.row() == 3
    assert view.filter.finding.text() == "2 copies"
    assert not view.filter.label.isVisible()
    qtbot.mouseClick(view.filter.all_items, Qt.MouseButton.LeftButton)
    assert view.count() == N


def test_no_item_fits_and_nothing_breaks(view):
    view.filter.show_found("none", np.empty(0, np.int64))
    assert view.count() == 0
    assert view.row() == -1
    assert not view.grab().isNull()


def test_only_what_is_there_is_offered(view):
    empty = {"audio": None, "texts": None, "labels": None, "parts": None, "names": ()}
    view.set_data(trio(**empty))
    assert not view.modality.isVisible()
    assert not any(widget.isVisible() for widget in view.filter.widgets)
    assert not view.detail.play.isVisible()
    assert not view.detail.text.isVisible()
    assert view.gallery.isVisible()


def test_the_same_label_stays_chosen_in_the_same_data_prepared_anew(view):
    view.filter.choose_label(1)
    view.gallery.set_current(3)
    view.set_data(trio(images=np.zeros((N, 16, 16, 1), np.uint8)))
    assert view.count() == len(np.flatnonzero(trio().labels == 1))
    assert view.gallery.current() == 3


def test_points_are_shown_with_their_labels(view):
    points = np.random.default_rng(0).normal(size=(N, 2)).astype(np.float32)
    view.set_data(trio(images=np.empty((0, 0, 0, 0), np.uint8), audio=None, texts=None, points=points))
    assert view.points.isVisible()
    view.filter.choose_label(0)
    assert view.points.count() == view.count()


def test_sounds_are_drawn_as_spectrograms_when_asked(view, qtbot):
    view.modality.buttons["audio"].click()
    before = np.asarray(view.sounds.pictures.images[0])
    qtbot.mouseClick(view.drawing.buttons["spectrogram"], Qt.MouseButton.LeftButton)
    after = np.asarray(view.sounds.pictures.images[0])
    assert before.shape != after.shape or (before != after).any()
    assert view.sounds.pictures.title(0).startswith("sound 1 of 40")


def test_space_plays_the_current_sound_and_leaving_stops_it(view, qtbot, monkeypatch):
    played = []
    monkeypatch.setattr(view.player, "play", lambda samples, rate: played.append((samples, rate)))
    view.modality.buttons["audio"].click()
    view.sounds.setFocus()
    qtbot.keyClick(view.sounds, Qt.Key.Key_Space)
    assert played == []  # none is chosen
    view.sounds.set_current(2)
    qtbot.keyClick(view.sounds, Qt.Key.Key_Space)
    qtbot.mouseClick(view.detail.play, Qt.MouseButton.LeftButton)
    where = view.sounds.item_rect(1).center()
    qtbot.mouseDClick(view.sounds.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert len(played) == 3
    np.testing.assert_array_equal(played[0][0], trio().audio.samples[2, :300])
    stopped = []
    monkeypatch.setattr(view.player, "stop", lambda: stopped.append(1))
    view.hide()
    assert stopped


def test_without_data_it_says_what_to_do(view):
    view.set_empty_text("Choose one.")
    view.set_data(None)
    assert view.count() == 0
    assert view.gallery.accessibleDescription() == "Choose one."


def test_another_source_starts_with_all_items_and_none_chosen(view):
    view.filter.choose_label(1)
    view.gallery.set_current(3)
    view.set_data(trio(source="other"))
    assert view.count() == N
    assert (view.row(), view.gallery.current(), view.texts.current()) == (-1, -1, -1)
