"""Messages stay until read, three at a time, by keyboard as well as by mouse."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QToolButton, QWidget

from genstudio.app.notifications import Action, Note
from genstudio.app.widgets.toast_stack import VISIBLE, ToastStack


@pytest.fixture
def window(qtbot):
    window = QWidget()
    window.resize(1280, 800)
    qtbot.addWidget(window)
    window.show()
    return window


@pytest.fixture
def stack(window):
    return ToastStack(window)


def test_three_are_visible_and_the_others_wait_their_turn(stack):
    for number in range(7):
        stack.show_note(Note("error", f"Error {number}."))
    assert [toast.note.text for toast in stack.visible_toasts()] == ["Error 4.", "Error 5.", "Error 6."]
    assert len(stack.visible_toasts()) == VISIBLE
    assert "and 4 more" in [label.text() for label in stack.findChildren(QLabel) if label.isVisible()]
    stack.visible_toasts()[-1].close_button.click()
    assert [toast.note.text for toast in stack.visible_toasts()] == ["Error 3.", "Error 4.", "Error 5."]
    stack.clear()
    assert not stack.isVisible()
    assert stack.notes() == []


def test_toasts_lie_in_the_lower_right_corner_and_follow_the_window(window, stack):
    stack.show_note(Note("warning", "Slow."))
    for width, height in ((1280, 800), (1000, 700)):
        window.resize(width, height)
        QTest.qWait(0)
        corner = stack.geometry().bottomRight()
        assert (width - corner.x(), height - corner.y()) == (17, 17)


def test_keyboard_alone_closes_one_after_the_other(qtbot, window, stack):
    stack.show_note(Note("error", "First."))
    stack.show_note(Note("error", "Second."))
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    stack.focus_newest()
    assert window.focusWidget() is stack.visible_toasts()[-1].close_button
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_Space)
    assert [note.text for note in stack.notes()] == ["First."]
    assert window.focusWidget() is stack.visible_toasts()[0].close_button
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_Escape)
    assert stack.notes() == []


def test_a_remedy_runs_once_and_closes_the_toast(stack):
    used = []
    stack.show_note(Note("error", "Too large.", action=Action("Try batch 64", lambda: used.append(64))))
    (remedy,) = [b for b in stack.findChildren(QPushButton) if b.text() == "Try batch 64"]
    remedy.click()
    assert used == [64]
    assert stack.notes() == []


def test_a_report_is_copied_with_traceback_and_versions(stack):
    stack.show_note(Note("error", "Broken.", detail="Traceback: line 7"))
    (copy,) = [b for b in stack.findChildren(QPushButton) if b.text() == "Copy report"]
    copy.click()
    report = QGuiApplication.clipboard().text()
    assert report.startswith("Broken.\n\nTraceback: line 7")
    assert "PySide6" in report
    assert len(stack.notes()) == 1


def test_text_is_plain_and_long_text_is_cut_but_kept(stack):
    stack.show_note(Note("error", "<b>run</b> " + "x" * 5000))
    (toast,) = stack.visible_toasts()
    (label,) = [w for w in toast.findChildren(QLabel) if w.text().startswith("<b>")]
    assert label.textFormat() == Qt.TextFormat.PlainText
    assert len(label.text().replace("\u200b", "")) == 300
    assert label.minimumSizeHint().width() <= label.width()  # nothing runs out of the box
    assert label.height() >= label.heightForWidth(label.width())
    assert toast.accessibleName().endswith("x" * 5000)


def test_every_control_of_a_toast_has_a_name_and_a_tooltip(stack):
    for number in range(5):
        stack.show_note(Note("error", f"{number}", detail="d", action=Action("Retry", lambda: None)))
    for button in [*stack.findChildren(QPushButton), *stack.findChildren(QToolButton)]:
        assert button.text() or button.accessibleName()
        assert button.toolTip()
        assert button.focusPolicy() & Qt.FocusPolicy.TabFocus
