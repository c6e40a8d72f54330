"""Findings: a sentence each, and a button that shows what they are about."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton

from genstudio.app.widgets.findings_list import FindingsList
from genstudio.data.odd import Finding

FOUND = (
    Finding("duplicates", "2 exact <b>copies</b>", "They count more.", np.array([3, 7])),
    Finding("balance", "Labels are not balanced", "One is rare.", np.empty(0, np.int64)),
)


@pytest.fixture
def findings(qtbot):
    widget = FindingsList()
    qtbot.addWidget(widget)
    widget.resize(300, 300)
    widget.show()
    return widget


def test_findings_are_told_as_plain_text_in_their_order(findings):
    findings.set_findings(FOUND)
    assert findings.titles == ["2 exact <b>copies</b>", "Labels are not balanced"]
    assert all(label.textFormat() != Qt.TextFormat.RichText for label in findings.findChildren(QLabel))


def test_only_a_finding_with_rows_can_be_shown(findings, qtbot):
    findings.set_findings(FOUND)
    (button,) = findings.findChildren(QPushButton)
    assert button.text() == "Show all 2"
    with qtbot.waitSignal(findings.shown) as heard:
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert heard.args[0] == FOUND[0].title
    assert heard.args[1].tolist() == [3, 7]


def test_none_is_said(findings):
    findings.set_findings(FOUND)
    findings.set_findings(())
    assert findings.titles == []
    assert findings._state.text() == "Nothing odd was found."
    assert findings._state.isVisible()
