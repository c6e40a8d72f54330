"""What is missing in the operating system is named by its package, before Qt would abort."""

import socket
import sys

import pytest

from genstudio.app import system
from genstudio.core.errors import WorkError

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="displays of Linux")


@pytest.fixture
def bare(monkeypatch):
    """No display, no platform chosen."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    return monkeypatch


def without(bare, *libraries):
    bare.setattr(system, "_loads", lambda library: library not in libraries)


def test_a_complete_system_passes(bare):
    without(bare)
    system.check_libraries()


def test_all_missing_packages_are_named_in_one_sentence(bare):
    without(bare, "libEGL.so.1", "libxcb-cursor.so.0")
    with pytest.raises(WorkError, match="apt-get install libegl1 libxcb-cursor0”"):
        system.check_libraries()


@pytest.mark.parametrize(("name", "value"), [("QT_QPA_PLATFORM", "offscreen"), ("WAYLAND_DISPLAY", "wayland-0")])
def test_x11_libraries_are_needed_on_x11_only(bare, name, value):
    bare.setenv(name, value)
    without(bare, "libxcb-cursor.so.0")
    system.check_libraries()
    without(bare, "libGL.so.1")
    with pytest.raises(WorkError, match="libgl1"):
        system.check_libraries()


def test_other_systems_bring_everything(bare):
    bare.setattr(sys, "platform", "win32")
    bare.setattr(system, "_loads", lambda library: False)
    system.check_libraries()
    assert system.has_display()


def test_a_library_that_is_not_there_does_not_load():
    assert not system._loads("libgenstudio-does-not-exist.so.7")


@linux
def test_a_display_must_answer(bare):
    assert not system.has_display()
    for dead in (":4711", "no display", "localhost:4711.0", ""):
        bare.setenv("DISPLAY", dead)
        assert not system.has_display()
    with socket.socket(socket.AF_UNIX) as server:  # as an X server listens, without its file
        server.bind("\0/tmp/.X11-unix/X4711")
        server.listen()
        bare.setenv("DISPLAY", ":4711")
        assert system.has_display()
    bare.setenv("DISPLAY", "")
    bare.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert system.has_display()


def test_a_platform_chosen_by_hand_counts(bare):
    bare.setenv("QT_QPA_PLATFORM", "xcb")
    assert system.has_display()
    bare.setenv("QT_QPA_PLATFORM", "offscreen")
    assert not system.has_display()
