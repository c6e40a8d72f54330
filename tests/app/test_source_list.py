"""The list of sources: headings that cannot be chosen, favourites by click and key."""

import pytest
from PySide6.QtCore import Qt

from genstudio.app.widgets.source_list import SourceList

BUILT_IN = {"digits": ("Digits", "handwritten"), "rings": ("Rings", "points")}
HOME, ZIP = "/home/me/holiday", "/home/me/sounds.zip"


@pytest.fixture
def sources(qtbot):
    widget = SourceList()
    qtbot.addWidget(widget)
    widget.resize(240, 400)
    widget.set_sources(BUILT_IN, [HOME], [ZIP, HOME, "digits"], "digits")
    widget.show()
    return widget


def item(sources, source):
    rows = [sources.item(i) for i in range(sources.count())]
    return next(row for row in rows if row.data(Qt.ItemDataRole.UserRole) == source)


def test_each_source_stands_once_under_its_heading(sources):
    texts = [sources.item(i).text() for i in range(sources.count())]
    assert texts == ["Favourites", "holiday", "Built in", "Digits", "Rings", "Recent", "sounds.zip"]
    assert sources.sources() == [HOME, "digits", "rings", ZIP]
    assert sources.currentItem().text() == "Digits"
    assert item(sources, HOME).toolTip() == HOME


def test_arrows_pass_over_headings(sources, qtbot):
    heard = []
    sources.chosen.connect(heard.append)
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Home):
        qtbot.keyClick(sources, key)
    assert heard == [HOME, "digits", "rings", ZIP, HOME]


def test_a_built_in_set_may_be_a_favourite(sources):
    sources.set_sources(BUILT_IN, ["rings"], [], "rings")
    assert sources.sources() == ["rings", "digits"]
    assert sources.currentItem().text() == "Rings"


def test_a_click_on_the_star_opens_nothing(sources, qtbot):
    opened, starred = [], []
    sources.chosen.connect(opened.append)
    sources.starred.connect(lambda *told: starred.append(told))
    for source in (HOME, ZIP):
        star = sources.star_rect(item(sources, source)).center()
        qtbot.mouseClick(sources.viewport(), Qt.MouseButton.LeftButton, pos=star)
    assert starred == [(HOME, False), (ZIP, True)]
    assert opened == []


def test_f_stars_the_current_source(sources, qtbot):
    with qtbot.waitSignal(sources.starred) as heard:
        qtbot.keyClick(sources, Qt.Key.Key_F)
    assert heard.args == ["digits", True]


def test_a_heading_has_no_star(sources):
    heard = []
    sources.starred.connect(lambda *told: heard.append(told))
    sources.toggle_star(sources.item(0))
    sources.toggle_star(None)
    assert heard == []


def test_filling_the_list_opens_nothing(sources):
    heard = []
    sources.chosen.connect(heard.append)
    sources.set_sources(BUILT_IN, [], [ZIP], ZIP)
    sources.set_current("")
    assert heard == []
    assert sources.currentItem() is None


def test_it_is_painted_with_long_names(sources):
    sources.set_sources(BUILT_IN, ["/x/" + "w" * 300], [], "digits")
    assert not sources.grab().isNull()
    assert sources.horizontalScrollBar().maximum() == 0
