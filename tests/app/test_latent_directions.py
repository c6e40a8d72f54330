"""The panel of directions: kinds, strengths, resets."""

from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import Qt

from genstudio.app.widgets.latent_directions import DirectionPanel

NAN = float("nan")


def direction(name, effect=NAN):
    return SimpleNamespace(name=name, vector=np.ones(3, np.float32), share=0.2, origin="From here.", effect=effect)


@pytest.fixture
def panel(qtbot):
    widget = DirectionPanel()
    qtbot.addWidget(widget)
    widget.resize(268, 580)
    widget.show()
    return widget


@pytest.fixture
def gan(panel):
    panel.show_kinds({"ganspace": "GANSpace", "sefa": "SeFa"}, "ganspace")
    panel.show_directions([direction("GANSpace 2", 40.0), direction("GANSpace 1", 10.0), direction("GANSpace 3")])
    return panel


def test_without_directions_it_says_what_to_do_first(panel):
    assert "Open a run" in panel.summary.text()
    assert not panel.kinds.isVisible()
    assert not panel.reset_all.isVisible()


def test_only_the_kinds_of_the_model_are_offered(gan, qtbot):
    assert list(gan.kinds.buttons) == ["ganspace", "sefa"]
    with qtbot.waitSignal(gan.kind_chosen) as told:
        qtbot.mouseClick(gan.kinds.buttons["sefa"], Qt.MouseButton.LeftButton)
    assert told.args == ["sefa"]
    gan.show_kinds({"principal": "Principal"}, "principal")
    assert not gan.kinds.isVisible()
    assert gan.summary.text() == "Along these the codes of the data vary most."


def test_directions_stand_in_the_order_given_with_their_effect(gan):
    facts = [gan.rows.row(i).facts for i in range(3)]
    assert [f.name for f in facts] == ["GANSpace 2", "GANSpace 1", "GANSpace 3"]
    assert [f.share for f in facts] == [1.0, 0.25, 0.0]
    assert "Changes pixels by 40.0 % from −1 σ to +1 σ." in facts[0].tip
    assert facts[2].tip == "From here. Double click or 0 sets it back."
    assert gan.rows.row(0).text() == "0.00 σ"


def test_moving_tells_index_and_strength(gan, qtbot):
    heard = []
    gan.moved.connect(lambda *said: heard.append(said))
    gan.move_ended.connect(lambda: heard.append("ended"))
    qtbot.keyClick(gan.rows.row(1).slider, Qt.Key.Key_Home)
    assert heard == [(1, -3.0), "ended"]
    assert gan.strengths() == {1: -3.0}


def test_reset_all_takes_each_back_once(gan, qtbot):
    for place in (0, 2):
        qtbot.keyClick(gan.rows.row(place).slider, Qt.Key.Key_End)
    heard = []
    gan.moved.connect(lambda index, strength: heard.append((index, strength)))
    gan.move_ended.connect(lambda: heard.append("ended"))
    qtbot.mouseClick(gan.reset_all, Qt.MouseButton.LeftButton)
    assert heard == [(0, 0.0), (2, 0.0), "ended"]
    assert gan.strengths() == {}
    assert not gan.reset_all.isEnabled()


def test_a_walk_elsewhere_sets_all_to_zero_without_a_word(gan, qtbot):
    qtbot.keyClick(gan.rows.row(0).slider, Qt.Key.Key_End)
    with qtbot.assertNotEmitted(gan.moved):
        gan.reset()
    assert gan.rows.row(0).value() == 0.0
    assert gan.strengths() == {}


def test_progress_is_shown_and_none_found_is_told(gan):
    gan.set_busy(0.25)
    assert gan.busy.value() == 25
    gan.show_directions([])
    assert not gan.busy.isVisible()
    assert gan.summary.text().startswith("There are none")
    gan.show_directions([direction("GANSpace 1", 0.0)])
    assert gan.summary.text().startswith("Along these the generator's")
