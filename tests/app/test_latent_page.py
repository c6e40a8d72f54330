"""The Latent page by mouse and keyboard, on real models of the built-in digits."""

import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication
from terminal_calls import trained

from genstudio.core import folders
from genstudio.core.mailbox import Mailbox
from genstudio.engine import checkpoint as checkpoints
from genstudio.engine.checkpoint import Checkpoint
from genstudio.engine.document import signed
from genstudio.engine.latent.provenance import read
from genstudio.engine.run import Run
from genstudio.engine.train import train

_LEFT, _CTRL = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier
_SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """Paths of small trained runs by family."""
    known = {}

    def give(family, *knobs, data="digits", steps=60):
        key = (family, *knobs, data)
        if key not in known:
            path = tmp_path_factory.mktemp("runs") / f"{family} {len(known)}"
            known[key] = trained(path, family, data, "--latent-dim", "6", *knobs, steps=steps)
        return known[key]

    return give


class Visitor:
    """A person on the Latent page."""

    def __init__(self, studio):
        self.studio, self.page = studio, studio.window.latent_shell.page
        self.map, self.wait = self.page.map, studio.wait

    def look(self, run):
        """Open a run, go to the page, wait for the map."""
        self.studio.window.open_run(run)
        self.studio.quiet()
        self.studio.go_to("latent")
        self.settle()
        return self

    def settle(self):
        """Until the map is whole and nothing that was asked is still under way."""
        page = self.page
        self.wait(lambda: page.charting.shown is not None and page.charting.shown.whole)
        self.rest()

    def rest(self):
        self.wait(lambda: not self.page.desk._requests and not self.studio.session.work._newest)

    @property
    def picture(self):
        """What is shown large."""
        return np.array(self.page.here.gallery.pictures.images[-1])

    @property
    def code(self):
        return self.page.walk.place.code.copy()

    def at(self, x, y):
        """A pixel of the map, by shares of its plot."""
        plot = self.map._plot()
        return QPointF(plot.left() + x * plot.width(), plot.top() + y * plot.height()).toPoint()

    def drag(self, *places):
        """Press at the first place, move over the others, let go."""
        bot, places = self.studio.qtbot, [self.at(*place) for place in places]
        bot.mousePress(self.map, _LEFT, pos=places[0])
        for place in places[1:]:
            bot.mouseMove(self.map, place)
        bot.mouseRelease(self.map, _LEFT, pos=places[-1])
        self.rest()

    def click_point(self, row):
        """Click a point of the map."""
        x, y = self.page.map._cloud.xy[row]
        self.studio.qtbot.mouseClick(self.map, _LEFT, pos=self.map.place_of(float(x), float(y)).toPoint())
        self.rest()

    def drop(self, widget, path):
        """Carry a file onto a widget and let go."""
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path))])
        where, copy, none = QPoint(20, 20), Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
        enter = QDragEnterEvent(where, copy, data, _LEFT, none)
        QApplication.sendEvent(widget, enter)
        assert enter.isAccepted()
        QApplication.sendEvent(widget, QDropEvent(QPointF(where), copy, data, _LEFT, none))
        self.rest()


@pytest.fixture
def visitor(studio):
    return Visitor(studio)


# --- walking -----------------------------------------------------------------------------------------


def test_the_picture_follows_the_mouse_and_the_walk_can_be_taken_back(visitor, runs):
    visitor.look(runs("vae"))
    page, first, code = visitor.page, visitor.picture, visitor.code
    assert len(page.charting.shown) == 1797
    assert not page.here.tools["undo"].isEnabled()
    visitor.drag((0.3, 0.3), (0.4, 0.35), (0.5, 0.4), (0.9, 0.1))
    there, place = visitor.picture, page.walk.place
    assert not np.array_equal(visitor.code, code)
    xy = page.charting.chart.place(place.code[None])[0]
    assert np.allclose(xy, visitor.map.place_at(QPointF(visitor.at(0.9, 0.1))), atol=1e-3)
    visitor.studio.key(Qt.Key.Key_Z, _CTRL)  # however many places were passed: one step
    visitor.rest()
    assert np.array_equal(visitor.code, code)
    assert np.array_equal(visitor.picture, first)
    visitor.studio.key(Qt.Key.Key_Z, _CTRL | _SHIFT)
    visitor.rest()
    assert np.array_equal(visitor.picture, there)
    visitor.studio.click(page.here.tools["undo"])
    visitor.rest()
    assert np.array_equal(visitor.picture, first)


def test_arrows_walk_and_the_dice_goes_elsewhere(visitor, runs):
    visitor.look(runs("vae"))
    visitor.map.setFocus()
    before = visitor.code
    visitor.studio.key(Qt.Key.Key_Right)
    visitor.rest()
    coarse = visitor.code - before
    assert np.abs(coarse).max() > 0
    before = visitor.code
    visitor.studio.key(Qt.Key.Key_Right, _SHIFT)
    visitor.rest()
    assert 0 < np.linalg.norm(visitor.code - before) < np.linalg.norm(coarse)
    before = visitor.code
    visitor.studio.key(Qt.Key.Key_R, _CTRL | _SHIFT)
    visitor.rest()
    assert not np.array_equal(visitor.code, before)


def test_points_are_pinned_and_three_pins_make_a_plane_and_a_film(visitor, runs, tmp_path):
    visitor.look(runs("vae"))
    page, labels = visitor.page, visitor.page.charting.shown.labels
    rows = [int(np.flatnonzero(labels == digit)[0]) for digit in (0, 1, 4)]
    for row in rows:
        visitor.click_point(row)
    assert len(page.walk.pins) == 3
    assert page.strip.player._count == 24
    names = [page.charting.shown.name_of(row) for row in rows]
    assert names == ["0", "1", "4"]
    card = page.card
    card.charts.setCurrentIndex(card.charts.findData("pins"))
    card.charts.activated.emit(card.charts.currentIndex())
    visitor.rest()
    xy = page.charting.chart.place(np.stack([pin.code for pin in page.walk.pins]))
    assert np.allclose(xy[:2], [[0, 0], [1, 0]], atol=1e-4)
    page.strip.player.slider.setValue(23)  # the end of the film is the last pin
    visitor.rest()
    assert np.array_equal(visitor.code, page.walk.pins[2].code)
    film = page.filming.film
    pins = list(page.walk.pins)
    for suffix in (".gif", ".png", ".npz"):
        page.filming.save(film, tmp_path / f"путь{suffix}", page.sight.path, pins, ("linear", False, 12.0))
        visitor.wait(lambda suffix=suffix: (tmp_path / f"путь{suffix}").exists())
        visitor.rest()
    with Image.open(tmp_path / "путь.gif") as gif:
        assert 20 <= gif.n_frames <= 24  # frames that look alike are shown longer instead
    assert len(read(tmp_path / "путь.png").pins) == 3
    page.filming._add(0, 1, 2)
    visitor.rest()
    assert np.allclose(visitor.code, pins[0].code - pins[1].code + pins[2].code, atol=1e-5)


def test_a_lasso_chooses_points_and_two_selections_make_an_attribute(visitor, runs):
    visitor.look(runs("vae"))
    page, side = visitor.page, visitor.page.side
    visitor.studio.click(page.card.tools.buttons["select"])
    visitor.drag((0.0, 0.0), (0.3, 0.5), (0.5, 1.0))
    left = len(page.around.selection)
    assert 2 < left < 1797
    assert len(page.looks.galleries["selection"].pictures) == min(512, left)
    visitor.studio.click(side.tabs.buttons["attributes"])
    side.attributes.source.buttons["selections"].click()
    visitor.studio.click(side.attributes.take["a"])
    visitor.drag((0.5, 0.0), (0.7, 0.5), (1.0, 1.0))
    visitor.studio.click(side.attributes.take["b"])
    side.attributes.name.setText("left")
    visitor.studio.click(side.attributes.add)
    visitor.rest()
    (attribute,) = page.attributing.attributes
    assert attribute.counts[0] == left
    before = visitor.code
    side.attributes.moved.emit(0, 2.0)
    side.attributes.move_ended.emit()
    visitor.rest()
    assert np.allclose(visitor.code, before + 2 * attribute.vector, atol=1e-5)
    page.attributing._of_all()
    visitor.rest()
    assert len(page.attributing.attributes) == 11


def test_sliders_move_dimensions_and_directions_and_a_grid_shows_them_all(visitor, runs):
    visitor.look(runs("vae"))
    page, side = visitor.page, visitor.page.side
    visitor.wait(lambda: page.levers.measured is not None and page.levers._found)
    before = visitor.code
    side.dimensions.moved.emit(4, 1.25)
    side.dimensions.move_ended.emit()
    visitor.rest()
    assert visitor.code[4] == np.float32(1.25)
    assert np.array_equal(np.delete(visitor.code, 4), np.delete(before, 4))
    side.directions.moved.emit(0, 1.0)
    side.directions.move_ended.emit()
    visitor.rest()
    here = visitor.code
    side.directions.moved.emit(0, 0.0)  # from where one came in, not from the last place
    visitor.rest()
    assert visitor.code[4] == np.float32(1.25)
    assert not np.array_equal(here, visitor.code)
    page.do("undo")
    page.do("undo")
    visitor.rest()
    visitor.studio.click(side.dimensions.traversal)
    visitor.rest()
    alive = int((~page.levers.measured.dead).sum())
    assert len(page.looks.galleries["traversal"].pictures) == 9 * alive


def test_what_is_in_sight_is_chosen_by_keys(visitor, runs):
    visitor.look(runs("vae"))
    visitor.map.setFocus()
    visitor.studio.key(Qt.Key.Key_A, _CTRL)
    visitor.rest()
    assert len(visitor.page.around.selection) == 1797
    for _ in range(3):
        visitor.studio.key(Qt.Key.Key_Plus)
    visitor.studio.key(Qt.Key.Key_Left, _CTRL)
    visitor.studio.key(Qt.Key.Key_A, _CTRL)
    visitor.rest()
    assert 0 < len(visitor.page.around.selection) < 1797
    visitor.studio.key(Qt.Key.Key_Escape)
    assert len(visitor.page.around.selection) == 0
    before = visitor.code
    visitor.studio.key(Qt.Key.Key_N)
    visitor.studio.key(Qt.Key.Key_Return)  # goes to the point that keys have found, and pins it
    visitor.rest()
    assert len(visitor.page.walk.pins) == 1
    assert not np.array_equal(visitor.code, before)


def test_the_sheet_covers_the_plane(visitor, runs):
    visitor.look(runs("vae"))
    page = visitor.page
    visitor.studio.click(page.card.layers.buttons["tiles"])
    visitor.wait(lambda: len(page.sheeting._cache) > 20)
    visitor.rest()
    page.map.zoom(0.25)
    before = len(page.sheeting._cache)
    visitor.wait(lambda: len(page.sheeting._cache) > before)
    visitor.rest()


# --- own pictures and the way back ---------------------------------------------------------------------


def test_a_saved_picture_dropped_on_another_page_leads_back_pixel_for_pixel(visitor, runs, tmp_path):
    run = runs("vae")
    visitor.look(run)
    visitor.drag((0.2, 0.6), (0.7, 0.3))
    code, picture = visitor.code, visitor.picture
    page = visitor.page
    with pytest.MonkeyPatch.context() as patch:
        where = "genstudio.app.widgets.files.ask_where"
        patch.setattr(where, lambda _owner, _title, _name, chosen: chosen(tmp_path / "ここ.png"))
        visitor.studio.key(Qt.Key.Key_S, _CTRL)
    origin = read(tmp_path / "ここ.png")
    assert (origin.run, origin.step) == (run.name, 60)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "ここ.png")), picture[..., 0])
    page.do("random")
    visitor.rest()
    visitor.studio.go_to("train")
    visitor.drop(visitor.studio.window, tmp_path / "ここ.png")
    assert visitor.studio.window.stack.currentWidget().page is page
    assert np.array_equal(visitor.code, code)
    assert np.array_equal(visitor.picture, picture)


@pytest.mark.parametrize("family", ["vae", "gan"])
def test_a_picture_of_ones_own_is_found_in_every_family(visitor, runs, tmp_path, family):
    digit = Image.fromarray(np.kron(np.eye(8, dtype=np.uint8) * 255, np.ones((5, 5), np.uint8)))
    digit.convert("RGBA").save(tmp_path / "δικό μου.png")
    visitor.look(runs(family))
    page = visitor.page
    visitor.drop(page, tmp_path / "δικό μου.png")
    visitor.wait(lambda: page.walk.how.startswith("nearest"))
    visitor.rest()
    assert "dB" in page.here.error.text()
    assert len(page.here.gallery.pictures) == 2  # side by side
    assert np.array_equal(page.here.gallery.pictures.images[0], page.standing.own)
    page.do("forget")
    visitor.rest()
    assert len(page.here.gallery.pictures) == 1
    assert not page.here.error.text()


def test_broken_files_get_a_sentence(visitor, runs, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno picture at all, but long enough to be looked at")
    visitor.look(runs("vae"))
    code = visitor.code
    visitor.drop(visitor.page, tmp_path / "broken.png")
    visitor.wait(lambda: any("broken.png" in text for text in visitor.studio.said))
    assert np.array_equal(visitor.code, code)


def test_codes_go_over_the_clipboard(visitor, runs):
    visitor.look(runs("vae"))
    code = visitor.code
    visitor.page.do("code")
    visitor.page.do("random")
    visitor.rest()
    visitor.page.do("paste")
    visitor.rest()
    assert np.array_equal(visitor.code, code)
    visitor.page.do("python")
    visitor.rest()
    assert "Explorer.open" in QGuiApplication.clipboard().text()
    QGuiApplication.clipboard().setText("certainly no code")
    visitor.page.do("paste")
    visitor.wait(lambda: any("not a code" in text for text in visitor.studio.said))


def test_bookmarks_are_kept_in_the_run(visitor, runs):
    visitor.look(runs("vae"))
    page, places, code = visitor.page, visitor.page.side.places, visitor.code
    visitor.studio.click(page.side.tabs.buttons["places"])
    visitor.studio.key(Qt.Key.Key_B, _CTRL)
    visitor.wait(lambda: places.list.count() == 1)
    places.list.item(0).setText("Начало")
    visitor.rest()
    page.do("random")
    visitor.rest()
    page.encoding.begun.emit()  # nothing of a bookmark is kept in the window alone
    page.bookmarking._begin()
    visitor.rest()
    assert places.list.item(0).text() == "Начало"
    places.list.setCurrentRow(0)
    visitor.studio.click(places.go)
    visitor.rest()
    assert np.array_equal(visitor.code, code)
    visitor.studio.qtbot.keyClick(places.list, Qt.Key.Key_Delete)
    visitor.wait(lambda: places.list.count() == 0)
    visitor.studio.click(places.restore)
    visitor.wait(lambda: places.list.count() == 1)


# --- models of all kinds ---------------------------------------------------------------------------------


def test_a_model_by_label_is_asked_by_label(visitor, runs):
    visitor.look(runs("vae", "--conditional", "true"))
    page = visitor.page
    assert page.here.label.isVisible()
    before, code = visitor.picture, visitor.code
    page.here.label.setCurrentIndex(4)
    page.here.label.activated.emit(4)
    visitor.rest()
    assert page.walk.place.label == 3
    assert np.array_equal(visitor.code, code)
    assert not np.array_equal(visitor.picture, before)
    visitor.click_point(7)
    shown = page.charting.shown
    assert page.sight.explorer.labels[page.walk.place.label] == shown.name_of(7)


def test_a_gan_shows_what_it_draws_itself(visitor, runs):
    visitor.look(runs("gan"))
    page = visitor.page
    assert page.charting.shown.sampled
    assert len(page.looks.galleries["neighbours"].pictures) == 24
    visitor.wait(lambda: page.levers._found)
    assert set(page.side.directions.kinds.buttons) == {"ganspace", "sefa"}
    visitor.rest()
    assert "GANSpace" in page.charting.chart.name  # a plane that means something in noise
    visitor.drag((0.1, 0.5), (0.9, 0.5))


def test_f15_a_model_that_has_diverged_is_a_sentence(visitor, runs, tmp_path):
    run = tmp_path / "diverged"
    shutil.copytree(runs("autoencoder"), run)
    opened = Run.open(run)
    saved = opened.load_checkpoint()
    spoilt = {name: torch.full_like(t, float("nan")) for name, t in (saved.ema or saved.weights).items()}
    shutil.rmtree(run / "checkpoints")
    (run / "checkpoints").mkdir()
    checkpoints.save(
        run / "checkpoints",
        Checkpoint(saved.step, spoilt, spoilt, saved.training, saved.state),
        signed(opened.document.model_dump()),
    )
    visitor.studio.window.open_run(run)
    visitor.studio.quiet()
    visitor.studio.go_to("latent")
    visitor.wait(lambda: any("not finite" in text for text in visitor.studio.said))
    visitor.rest()


def test_a_run_of_points_and_no_run_at_all_are_sentences(visitor, runs):
    page = visitor.page
    visitor.studio.go_to("latent")
    assert "Open a run" in page.here.gallery._empty_text
    visitor.studio.window.open_run(runs("gan", data="rings"))
    visitor.studio.quiet()
    visitor.studio.go_to("latent")
    visitor.wait(lambda: "laboratory" in page.here.gallery._empty_text)
    assert not page.here.tools["random"].isEnabled()


def test_without_its_data_a_run_is_walked_through_all_the_same(visitor, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(12):
        Image.fromarray(np.full((8, 8), 20 * number, np.uint8)).save(folder / f"{number}.png")
    run = trained(tmp_path / "run", "vae", str(folder), steps=5)
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    shutil.rmtree(folders.cache_folder())
    visitor.look(run)
    assert visitor.page.charting.shown.sampled
    assert any("cannot be opened" in text for text in visitor.studio.said)
    visitor.drag((0.2, 0.2), (0.8, 0.8))


# --- while it trains ----------------------------------------------------------------------------------------


def test_a_training_is_walked_through_while_it_goes_on(visitor):
    studio, page = visitor.studio, visitor.page
    studio.train_until_pictures(family="vae", latent_dim=6)
    studio.click(studio.window.side.buttons["latent"])
    visitor.wait(lambda: page.charting.shown is not None and page.here.gallery.current() == 0)
    assert page.live.isVisible()
    assert page.sight.live
    step = page.sight.explorer.step
    visitor.wait(lambda: page.sight.explorer.step > step)  # it follows by itself
    bot = studio.qtbot
    bot.mousePress(visitor.map, _LEFT, pos=visitor.at(0.3, 0.3))
    bot.mouseMove(visitor.map, visitor.at(0.6, 0.6))
    bot.mouseRelease(visitor.map, _LEFT, pos=visitor.at(0.6, 0.6))
    visitor.wait(lambda: page.walk.can_undo)
    code = visitor.code
    studio.pause()
    page.do("random")
    visitor.wait(lambda: page.walk.how.startswith("drawn"))  # a paused model is walked through too
    page.do("undo")
    studio.press("Resume")
    studio.stop()
    visitor.wait(lambda: page.sight.explorer is not None and not page.sight.live)
    visitor.settle()
    assert np.array_equal(visitor.code, code)  # one stands where one stood
    assert page.sight.explorer.step == Run.open(studio.session.path).saved_step()
    assert not page.live.isVisible()


def test_dragging_through_a_training_changes_nothing_of_it(visitor, tmp_path):
    """The same seed: the same losses and weights, bit for bit, whether somebody drags or nobody looks."""
    studio, page, steps = visitor.studio, visitor.page, 400
    studio.train(steps=steps, seed=7, latent_dim=6, checkpoint_every=0)
    studio.click(studio.window.side.buttons["latent"])
    moves = 0
    while studio.session.running:
        place = (0.5 + 0.3 * np.cos(moves / 5), 0.5 + 0.3 * np.sin(moves / 5))
        studio.qtbot.mousePress(visitor.map, _LEFT, pos=visitor.at(*place))
        studio.qtbot.mouseRelease(visitor.map, _LEFT, pos=visitor.at(*place))
        page.encoding.follow(1)
        studio.qtbot.wait(5)
        moves += 1
    visitor.rest()
    watched = Run.open(studio.session.path)
    training = watched.document.training
    run = Run.create(tmp_path / "unseen")
    for _ in train(watched.document.spec().model_copy(update={"training": training}), run, Mailbox()):
        pass
    for name, (at, losses) in run.history().values.items():
        assert np.array_equal(watched.history().values[name][0], at)
        assert np.array_equal(watched.history().values[name][1], losses)
    ours, theirs = (r.load_checkpoint().weights for r in (watched, run))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_a_window_is_closed_in_the_middle_of_everything(visitor, runs):
    page = visitor.page
    visitor.look(runs("vae"))
    page.card.charts.setCurrentIndex(page.card.charts.findData("tsne"))
    page.card.charts.activated.emit(page.card.charts.currentIndex())
    visitor.wait(lambda: page.charting._arranger.isRunning())
    page.encoding.renew()
    page.do("random")
    visitor.studio.window.close()
    assert not page.desk.isRunning()
    assert not page.charting._arranger.isRunning()
