"""The laboratory: what is seen of a model of points, by mouse and keys, at any speed, in a real training."""

import time
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication

from genstudio.app import theme
from genstudio.app.job import Job
from genstudio.app.session import Session
from genstudio.app.tokens import DARK, LIGHT
from genstudio.app.widgets import laboratory_colours as colours
from genstudio.app.widgets import laboratory_paint as paint
from genstudio.app.widgets.laboratory import Laboratory
from genstudio.app.widgets.laboratory_critic import CriticGallery
from genstudio.app.widgets.laboratory_pace import SPEEDS, PaceControls
from genstudio.app.widgets.laboratory_sight import Sight
from genstudio.core.errors import InputError
from genstudio.core.events import Field, Progress, Stepped
from genstudio.core.spec import RunSpec, TrainingConfig
from genstudio.engine.run import Run

LONG = 60_000


def field(step=1, samples=((1.0, 1.0),), **changes):
    """A critic's view that is real at the right and drawn at the left."""
    column = np.linspace(0, 1, 16, dtype=np.float32)
    given = {
        "step": step,
        "real": np.array([[2.0, 0.0], [-2.0, 0.0]], np.float32),
        "samples": np.array(samples, np.float32),
        "arrows": np.array([[0.0, 1.0]] * len(samples), np.float32),
        "surface": np.tile(column, (16, 1)),
        "surface_name": "critic: probability of real",
        "extent": 4.0,
        "caption": "drawn · EMA weights",
    }
    return Field(**{**given, **changes})


@pytest.fixture
def lab(qtbot, qapp):
    theme.apply(qapp, "dark")
    widget = Laboratory()
    qtbot.addWidget(widget)
    widget.resize(700, 400)
    widget.show()
    return widget


def seen(view):
    return view.grab().toImage()


def at(view, x, y):
    """The pixel of a place in the plane."""
    px, py = view.sight().placed(np.array([[x, y]], np.float32))[0]
    return QPoint(round(px), round(py))


def only(lab, *layers):
    for name, box in lab.layers.boxes.items():
        box.setChecked(name in layers)


# --- the plane ---------------------------------------------------------------------------------------


def test_places_and_pixels_lead_to_each_other_with_one_scale_and_y_upwards():
    sight = Sight(1.0, 2.0, 4.0, 400.0, 200.0)
    places = sight.placed(np.array([[1, 2], [2, 2], [1, 3]], np.float32))
    assert places.tolist() == [[200, 100], [225, 100], [200, 75]]
    assert sight.point(225, 75) == (2, 3)


def test_zooming_keeps_what_is_under_the_pointer_and_ends_somewhere():
    sight = Sight(0.0, 0.0, 4.0, 400.0, 200.0)
    closer = sight.zoomed(0.5, 300, 50, 4.0)
    assert closer.reach == 2
    assert closer.point(300, 50) == pytest.approx(sight.point(300, 50))
    for _ in range(100):
        closer = closer.zoomed(0.5, 300, 50, 4.0)
    assert closer.reach == pytest.approx(0.004)
    assert np.isfinite(closer.placed(np.array([[1e30, -1e30], [np.nan, np.inf]], np.float32))).all()


@pytest.mark.parametrize("reach", [0.003, 1.0, 4.0, 7.5, 2e6])
def test_ticks_are_round_and_neither_few_nor_many(reach):
    across, upwards = Sight(0.3 * reach, 0.0, reach, 600.0, 300.0).ticks()
    assert 4 <= len(across) <= 17
    assert 2 <= len(upwards) <= 9
    steps = np.diff(across)
    assert steps == pytest.approx(steps[0])
    assert steps[0] / 10 ** np.floor(np.log10(steps[0])) == pytest.approx(1, abs=1) or steps[0] > 0
    assert 0 in [round(v / steps[0], 6) for v in upwards]


# --- colours -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("tokens", [DARK, LIGHT], ids=["dark", "light"])
def test_colours_of_a_surface_begin_at_the_panel_and_grow_evenly(tokens):
    panel = [int(tokens.panel[i : i + 2], 16) for i in (1, 3, 5)]
    one, two = colours.one_sided(tokens).astype(int), colours.two_sided(tokens).astype(int)
    assert np.abs(one[0] - panel).max() <= 1
    assert np.abs(two[127] - panel).max() <= 3
    for table in (one, two):
        assert np.abs(np.diff(table, axis=0)).max() <= 4  # no edge where the values have none
    assert two[0].argmax() != two[-1].argmax()  # warm for drawn, cold for real


def test_values_become_colours_with_the_highest_row_above():
    table = np.stack([np.arange(256)] * 3, 1).astype(np.uint8)
    image = colours.painted(np.array([[0, 1], [np.nan, 9]], np.float32), (0.0, 1.0), table)
    assert image[..., 0].tolist() == [[0, 255], [0, 255]]


def test_a_critic_that_can_hardly_tell_gets_a_narrower_scale_around_one_half():
    surface = np.full((4, 4), 0.5, np.float32)
    surface[0, 0] = 0.42
    assert paint.ends(field(surface=surface)) == (0.4, 0.6)
    assert paint.ends(field()) == (0, 1)
    assert paint.ends(field(surface=surface, surface_name="density of samples")) == (0, 0.5)


# --- layers ------------------------------------------------------------------------------------------


def test_without_a_field_it_says_what_will_be_here(lab):
    assert "appear here" in lab.view.accessibleDescription()
    assert len(np.unique(pixels(seen(lab.view)))) > 2  # words are painted


def pixels(image: QImage):
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(image.constBits(), np.uint32).copy()


def test_each_layer_is_painted_where_it_belongs_and_can_be_switched_off(lab):
    view = lab.view
    lab.show_field(field(1, [(1.0, 1.0)]))
    lab.show_field(field(2, [(1.5, 1.0)]))
    only(lab)
    bare = seen(view)
    tokens = theme.tokens()
    places = {
        "surface": at(view, 3.3, 1.3),
        "real": at(view, 2, 0),
        "samples": at(view, 1.5, 1),
        "trails": at(view, 1.25, 1),
        "arrows": at(view, 1.5, 1) - QPoint(0, 12),
    }
    for name, place in places.items():
        only(lab, name)
        assert differs(seen(view), bare, place), name
    only(lab, "samples")
    assert near(seen(view).pixelColor(places["samples"]), QColor(colours.drawn_colour(tokens)))
    only(lab, "surface")
    left, right = (seen(view).pixelColor(at(view, x, 1.3)) for x in (-3.8, 3.8))
    assert right.blue() > right.red()
    assert left.red() > left.blue()


def differs(image, other, place):
    around = [place + QPoint(dx, dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
    return any(image.pixelColor(p) != other.pixelColor(p) for p in around)


def near(colour, other):
    return (
        abs(colour.red() - other.red()) + abs(colour.green() - other.green()) + abs(colour.blue() - other.blue()) < 60
    )


def test_keys_switch_layers_while_the_view_has_the_focus(lab, qtbot):
    lab.show_field(field())
    lab.view.setFocus()
    for key, name in (("S", "surface"), ("R", "real"), ("D", "samples"), ("T", "trails"), ("A", "arrows")):
        qtbot.keyClicks(lab.view, key)
        assert not lab.view.shown[name]
        assert not lab.layers.boxes[name].isChecked()
        assert f"({key})" in lab.layers.boxes[name].toolTip()
        qtbot.keyClicks(lab.view, key)
        assert lab.view.shown[name]


def test_a_screen_reader_hears_the_step_the_counts_and_what_is_shown(lab):
    lab.show_field(field(1234))
    lab.layers.boxes["arrows"].setChecked(False)
    text = lab.view.accessibleDescription()
    assert "step 1,234" in text
    assert "1 samples and 2 points" in text
    assert "probability of real" in text
    assert "arrows" not in text
    assert all(box.text() for box in lab.layers.boxes.values())
    assert lab.layers.boxes["real"].text() == "Real points (2)"
    assert lab.scale.accessibleDescription() == "probability of real, 0 drawn to real 1"


def test_what_a_field_does_not_have_cannot_be_switched(lab):
    lab.show_field(field(arrows=None, surface=None, surface_name=""))
    assert not lab.layers.boxes["arrows"].isEnabled()
    assert not lab.layers.boxes["surface"].isEnabled()
    assert not seen(lab.view).isNull()


def test_arrows_of_a_flow_stand_on_their_own_places(lab):
    starts = np.array([[-2.0, -1.0]], np.float32)
    lab.show_field(field(arrows=np.array([[1.0, 0.0]], np.float32), arrow_starts=starts))
    only(lab)
    bare = seen(lab.view)
    only(lab, "arrows")
    assert differs(seen(lab.view), bare, at(lab.view, -2, -1) + QPoint(6, 0))
    assert not differs(seen(lab.view), bare, at(lab.view, 1, 1) + QPoint(6, 0))


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e30])
def test_numbers_of_a_model_that_diverged_are_survived(lab, bad):
    wild = np.full((3, 2), bad, np.float32)
    for step in (1, 2):
        lab.show_field(field(step, wild, arrows=wild, surface=np.full((16, 16), np.nan, np.float32)))
        assert not seen(lab.view).isNull()
    lab.show_field(field(3, wild, arrows=wild, surface_name="density of samples"))
    assert not seen(lab.view).isNull()


def test_a_change_of_theme_recolours_everything(lab, qapp):
    lab.show_field(field())
    dark = seen(lab.view)
    theme.apply(qapp, "light")
    assert seen(lab.view).pixelColor(3, 60).lightness() > dark.pixelColor(3, 60).lightness() + 100
    theme.apply(qapp, "dark")


# --- movement ----------------------------------------------------------------------------------------


def test_trails_remember_a_few_steps_and_forget_another_training(lab):
    for step in range(1, 8):
        lab.show_field(field(step, [(step / 10, 0.0)]))
    assert [trail[0, 0] for trail in lab.view.trails()] == pytest.approx([0.4, 0.5, 0.6, 0.7])
    lab.show_field(field(7, [(0.7, 0.0)]))  # told again: nothing moved
    assert len(lab.view.trails()) == 4
    lab.show_field(field(1, [(0.0, 0.0)]))
    assert len(lab.view.trails()) == 1
    lab.show_field(field(2, [(0.0, 0.0), (1.0, 1.0)]))
    assert len(lab.view.trails()) == 1
    lab.show_field(None)
    assert lab.view.trails() == []
    assert "appear here" in lab.view.accessibleDescription()


# --- looking around ----------------------------------------------------------------------------------


def test_drag_wheel_and_keys_look_around_and_home_shows_everything(lab, qtbot):
    view = lab.view
    lab.show_field(field())
    assert not lab.fit.isEnabled()
    start = view.sight()
    place = at(view, 1, 1)
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=place)
    drag(view, place + QPoint(30, 20))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=place + QPoint(30, 20))
    assert at(view, 1, 1) == place + QPoint(30, 20)
    assert lab.fit.isEnabled()
    turn_wheel(view, place, 120)
    assert view.sight().reach == pytest.approx(0.8 * start.reach)
    qtbot.keyClick(view, Qt.Key.Key_Minus)
    assert view.sight().reach == pytest.approx(start.reach)
    before = view.sight().x
    qtbot.keyClick(view, Qt.Key.Key_Right)
    assert view.sight().x > before
    qtbot.keyClick(view, Qt.Key.Key_Home)
    assert view.sight() == start
    qtbot.keyClick(view, Qt.Key.Key_Plus)
    qtbot.mouseClick(lab.fit, Qt.MouseButton.LeftButton)
    assert view.follows()
    qtbot.keyClick(view, Qt.Key.Key_Plus)
    qtbot.mouseDClick(view, Qt.MouseButton.LeftButton, pos=place)
    assert view.follows()


def drag(view, to):
    from PySide6.QtGui import QMouseEvent

    button = Qt.MouseButton.LeftButton
    move = QMouseEvent(
        QMouseEvent.Type.MouseMove, QPointF(to), view.mapToGlobal(QPointF(to)), button, button,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    QApplication.sendEvent(view, move)


def turn_wheel(view, at, delta):
    place = QPointF(at)
    turned = QWheelEvent(
        place, view.mapToGlobal(place), QPoint(), QPoint(0, delta), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, turned)


def test_a_sight_chosen_by_hand_stays_while_the_same_training_goes_on(lab, qtbot):
    lab.show_field(field(1))
    qtbot.keyClick(lab.view, Qt.Key.Key_Plus)
    chosen = lab.view.sight()
    lab.show_field(field(2))
    assert lab.view.sight() == chosen
    lab.show_field(field(3, extent=9.0))
    assert lab.view.sight().reach == 9


def test_the_pointer_tells_the_place_and_the_value_there(lab, qtbot):
    lab.show_field(field())
    told = []
    lab.view.pointed.connect(told.append)
    qtbot.mouseMove(lab.view, at(lab.view, 3.9, -1))
    qtbot.waitUntil(lambda: bool(told))
    assert told[-1].startswith("x 3.9")
    assert "y −1" in told[-1]
    assert told[-1].endswith("probability of real 1")
    assert paint.words(field(), 5.0, 0.0) == "x 5.00, y 0.00"
    assert paint.words(None, 0, 0) == ""


# --- saving ------------------------------------------------------------------------------------------


def test_the_view_is_saved_as_it_is_seen_sharp_and_without_the_mark_of_the_focus(lab, tmp_path):
    lab.show_field(field())
    lab.view.setFocus()
    lab.save(tmp_path / "view.png")
    image = QImage(str(tmp_path / "view.png"))
    assert image.width() == 2 * lab.view.width()
    assert image.pixelColor(2, 200) != QColor(theme.tokens().accent)
    place = 2 * at(lab.view, 1, 1)
    assert near(image.pixelColor(place), QColor(colours.drawn_colour(theme.tokens())))


def test_what_cannot_be_saved_is_said(lab, tmp_path, qtbot):
    with pytest.raises(InputError, match="nothing to save yet"):
        lab.save(tmp_path / "view.png")
    with qtbot.waitSignal(lab.problem):
        qtbot.mouseClick(lab.export, Qt.MouseButton.LeftButton)
    lab.show_field(field())
    with pytest.raises(InputError, match="PNG"):
        lab.save(tmp_path / "view.jpg")
    with qtbot.waitSignal(lab.problem) as told:
        lab._try_save(tmp_path / "gone" / "view.png")
    assert "cannot be written" in told.args[0]


def test_ctrl_c_copies_the_view(lab, qtbot):
    lab.show_field(field())
    qtbot.keyClick(lab.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.clipboard().image().width() == 2 * lab.view.width()


# --- what a critic says of pictures ------------------------------------------------------------------


def test_scores_stand_on_the_pictures(qtbot):
    gallery = CriticGallery()
    qtbot.addWidget(gallery)
    gallery.resize(500, 300)
    gallery.show()
    images = np.full((4, 16, 16, 3), 128, np.uint8)
    gallery.set_images(images, images)
    bare = gallery.viewport().grab().toImage()
    gallery.set_images(images, images, "scores", ["real 97 %", "real 4 %", "drawn 50 %", "drawn 1 %"])
    marked = gallery.viewport().grab().toImage()
    for index in range(4):
        corner = gallery.item_rect(index).bottomLeft() + QPoint(1, -3)
        assert marked.pixelColor(corner) != bare.pixelColor(corner)
        sign = theme.tokens().series[0 if index < 2 else 1]
        assert marked.pixelColor(corner) == QColor(sign)
    gallery.set_current(1)
    assert gallery.accessibleDescription() == "picture 2 of 4: real 4 %"


def test_small_pictures_are_not_covered_by_words(qtbot):
    gallery = CriticGallery()
    qtbot.addWidget(gallery)
    gallery.resize(400, 300)
    gallery.show()
    images = np.full((60, 8, 8, 3), 128, np.uint8)
    gallery.set_images(images, None, "", ["real 97 %"] * 60)
    gallery.set_zoom(2)
    corner = gallery.item_rect(0).bottomLeft() + QPoint(1, -3)
    assert gallery.item_rect(0).width() < 28
    assert gallery.viewport().grab().toImage().pixelColor(corner) == QColor(128, 128, 128)


# --- speed -------------------------------------------------------------------------------------------


def test_the_slider_goes_from_one_step_a_second_to_full_speed(qtbot):
    pace = PaceControls()
    qtbot.addWidget(pace)
    pace.show()
    told = []
    pace.speed_chosen.connect(told.append)
    assert pace.speed() == 0
    assert pace.words.text() == "full speed"
    assert not pace.step.isEnabled()
    pace.slider.setFocus()
    for _ in SPEEDS:
        qtbot.keyClick(pace.slider, Qt.Key.Key_Left)
    assert told == [100, 50, 25, 10, 5, 2, 1]
    assert pace.words.text() == "1 step/s"
    assert pace.slider.accessibleDescription() == "1 step/s"
    pace.set_speed(0)
    pace.set_running(True)
    assert len(told) == 7
    with qtbot.waitSignal(pace.step_asked):
        qtbot.mouseClick(pace.step, Qt.MouseButton.LeftButton)


@pytest.fixture
def job(qtbot):
    """A job over steps that tell when they are over; each step lasts as long as it takes to be asked for."""
    taken = []

    def events(watch):
        for step in range(1, 100_000):
            taken.append(step)
            yield Progress(step, None, None, 0.0, 0.0, None, 0, None)
            yield Stepped(step)

    job = Job(events)
    job.taken = taken
    yield job
    job.stop()
    assert job.wait(LONG)


def settled(qtbot, job):
    """The steps taken once no more are."""
    last = None
    while last != len(job.taken):
        last = len(job.taken)
        qtbot.wait(40)
    return last


def test_a_single_step_is_one_step_exactly(qtbot, job):
    job.pause()
    job.start()
    assert settled(qtbot, job) == 1
    for count in (2, 3, 4):
        job.take_one_step()
        assert settled(qtbot, job) == count
        assert job.paused
        assert job.collect()[-1] == Stepped(count)
    job.resume()
    qtbot.waitUntil(lambda: len(job.taken) > 50)


def test_a_slow_job_shows_what_it_did_before_it_waits_and_can_be_hurried_paused_and_stopped(qtbot, job):
    shown = []
    job.ready.connect(lambda: shown.extend(job.collect()))
    job.set_pace(3600)
    job.start()
    qtbot.waitUntil(lambda: Stepped(1) in shown or Stepped(2) in shown, timeout=LONG)
    waiting = settled(qtbot, job)
    assert waiting <= 2
    job.set_pace(0)
    qtbot.waitUntil(lambda: len(job.taken) > 50, timeout=LONG)
    job.set_pace(3600)
    waiting = settled(qtbot, job)
    job.pause()
    job.take_one_step()
    assert settled(qtbot, job) == waiting + 1
    begin = time.monotonic()
    job.stop()
    assert job.wait(LONG)
    assert time.monotonic() - begin < 1000  # not the hour that it would have waited


def test_speed_and_steps_of_a_session_reach_the_training(qtbot, tmp_path):
    session = Session()
    heard = []
    session.events.connect(heard.extend)
    spec = RunSpec(
        family="vae", data="rings", knobs={"width": 4, "latent_dim": 2},
        training=TrainingConfig(steps=0, batch_size=16, threads=1, device="cpu", precision="fp32"),
    )  # fmt: skip
    session.set_speed(0.001)
    session.train(spec, tmp_path / "r")
    qtbot.waitUntil(lambda: any(isinstance(e, Stepped) for e in heard), timeout=LONG)
    session.step()
    assert session.phase == "paused"
    qtbot.waitUntil(lambda: rests(session, newest(heard, Stepped)), timeout=LONG)
    first = newest(heard, Stepped)
    for count in (1, 2):
        session.step()
        qtbot.waitUntil(lambda: rests(session, newest(heard, Stepped)), timeout=LONG)
        assert newest(heard, Stepped) == newest(heard, Field) == first + count
        assert session.phase == "paused"
    session.set_speed(0)
    session.resume()
    qtbot.waitUntil(lambda: newest(heard, Progress) > first + 20, timeout=LONG)
    session.stop()
    qtbot.waitUntil(lambda: not session.running, timeout=LONG)
    session.close()


def rests(session, step):
    """Whether the job waits and `step` is the last one that it took."""
    return session._job.paused and session._job._step == step


def newest(heard, kind):
    return max((e.step for e in heard if isinstance(e, kind)), default=0)


# --- in the window -----------------------------------------------------------------------------------


def test_points_train_in_the_laboratory_slowly_step_by_step_and_are_there_again_later(studio):
    page = studio.page
    page.model.set_sources([], "rings")
    page._await_data()
    assert page.laboratory.isVisible()
    assert not page.samples.isVisible()
    page.choose_family("vae", {"width": 4, "latent_dim": 2, "batch_size": 16, "threads": 1, "steps": 0})
    studio.press("Train")
    view = page.laboratory.view
    studio.wait(lambda: view.field is not None and view.field.step > 3)
    assert not page.plot.data.empty
    pace = page.laboratory.pace
    pace.slider.setFocus()
    while pace.speed() != 5:
        studio.key(Qt.Key.Key_Left)
    assert page.pictures.judged.pace.speed() == 5
    studio.press("Step", page.laboratory)
    studio.wait(lambda: rests(studio.session, view.field.step))
    assert studio.state == "Paused"
    before = view.field.step
    studio.press("Step", page.laboratory)
    studio.wait(lambda: rests(studio.session, view.field.step))
    assert view.field.step == before + 1
    assert len(view.trails()) > 1
    studio.press("Resume")
    studio.wait(lambda: view.field.step >= before + 3)
    studio.stop()
    path = studio.session.path
    drawn = view.field.samples
    assert Run.open(path).document.step >= before + 3
    page.model.set_sources([], "digits")
    studio.trained(3)
    assert page.samples.isVisible()
    assert not page.laboratory.isVisible()
    studio.window.open_run(path)
    studio.quiet()
    assert page.laboratory.isVisible()
    assert np.array_equal(view.field.samples, drawn)
    assert not pace.step.isEnabled()


def test_a_field_of_own_points_brings_the_laboratory_up(studio):
    page = studio.page
    assert page.samples.isVisible()
    page.samples.setFocus()
    page.take([replace(field(), real=np.array([[500.0, 20.0]], np.float32), centre=(500.0, 20.0))])
    assert page.laboratory.isVisible()
    assert page.laboratory.view.hasFocus()
    page.begin(fresh=True)
    assert page.laboratory.view.field is None
    assert page.samples.isVisible()
    page.set_running(False)
