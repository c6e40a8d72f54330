"""The table of runs: numbers sort as numbers, and the selection survives a refresh."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from genstudio.app.widgets.run_table import RunTable


def row(name, step=0, loss=None, seconds=0.0, created="2026-01-01T10:00:00+0000", state="finished"):
    return {
        "name": name, "path": f"/runs/{name}", "family": "vae", "data": "digits", "step": step, "seconds": seconds,
        "losses": {"gap": None, "loss": loss}, "state": state, "created": created,
    }  # fmt: skip


@pytest.fixture
def table(qtbot):
    table = RunTable()
    qtbot.addWidget(table)
    table.resize(900, 300)
    table.show()
    return table


def column(table, number):
    model = table.model()
    return [model.index(i, number).data() for i in range(model.rowCount())]


def headings(table):
    return [table.model().headerData(i, Qt.Orientation.Horizontal) for i in range(table.model().columnCount())]


def test_a_row_says_what_the_run_is(table):
    table.set_rows([row("first", 12345, 26.284, 200.0, state="stopped")])
    cells = dict(zip(headings(table), [column(table, i)[0] for i in range(8)], strict=True))
    assert cells == {
        "Name": "first", "Family": "vae", "Data": "digits", "State": "stopped", "Step": "12,345",
        "Loss": "26.28", "Time": "3 min 20 s", "Created": "2026-01-01 10:00",
    }  # fmt: skip
    assert table.model().index(0, 0).data(Qt.ItemDataRole.ToolTipRole) == "/runs/first"


def test_the_newest_stands_first_and_is_selected(table):
    table.set_rows([row("old", created="2026-01-01"), row("new", created="2026-02-01")])
    assert column(table, 0) == ["new", "old"]
    assert table.current_path() == Path("/runs/new")


@pytest.mark.parametrize(
    ("heading", "order"),
    [("Step", ["b", "c", "a"]), ("Loss", ["c", "a", "b"]), ("Time", ["b", "c", "a"]), ("Name", ["a", "b", "c"])],
)
def test_numbers_sort_as_numbers_and_gaps_stand_last(table, heading, order):
    table.set_rows([row("a", 1000, 20.0, 3600), row("b", 9, None, 59), row("c", 100, 3.0, 61)])
    table.sortByColumn(headings(table).index(heading), Qt.SortOrder.AscendingOrder)
    assert column(table, 0) == order


def test_the_selection_survives_a_refresh_and_a_run_that_is_gone_gives_way(table):
    table.set_rows([row("a"), row("b"), row("c")])
    table.select(Path("/runs/b"))
    table.set_rows([row("c"), row("b"), row("d")])
    assert table.current_path() == Path("/runs/b")
    assert [index.row() for index in table.selectionModel().selectedRows()] == [table.currentIndex().row()]
    table.set_rows([row("c"), row("d")])
    assert table.current_path() in (Path("/runs/c"), Path("/runs/d"))
    table.set_rows([])
    assert table.current_path() is None


def test_a_click_selects_and_a_double_click_opens(table, qtbot):
    selected, opened = [], []
    table.set_rows([row("a", created="2026-02-01"), row("b", created="2026-01-01")])
    table.selected.connect(selected.append)
    table.opened.connect(opened.append)
    where = table.visualRect(table.model().index(1, 0)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert selected == [Path("/runs/b")]
    qtbot.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert opened == [Path("/runs/b")]


def test_arrows_move_and_tab_leaves_the_table(table):
    table.set_rows([row(name) for name in "abc"])
    assert not table.tabKeyNavigation()
    assert table.accessibleName() == "Runs"
