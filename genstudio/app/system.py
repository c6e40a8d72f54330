"""What the operating system must provide, checked before Qt would abort, and named by package when missing."""

from __future__ import annotations

import ctypes
import os
import socket
import sys
from pathlib import Path

from genstudio.core.errors import WorkError

# library -> Debian package; the first group Qt needs to be imported at all, the second for a window on X11
_ALWAYS = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libglib-2.0.so.0": "libglib2.0-0",
}
_X11 = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}


def has_display() -> bool:
    """True when a window could be shown: a platform was chosen by hand, or a display answers."""
    chosen = os.environ.get("QT_QPA_PLATFORM", "")
    if chosen:
        return chosen not in ("offscreen", "minimal")
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("WAYLAND_DISPLAY")) or _x11_answers(os.environ.get("DISPLAY", ""))


def check_libraries() -> None:
    """Raise `WorkError` naming the packages of the libraries that Qt needs here and that are missing."""
    if not sys.platform.startswith("linux"):
        return
    wanted = dict(_ALWAYS)
    platform = os.environ.get("QT_QPA_PLATFORM", "")
    if platform.startswith("xcb") or (not platform and not os.environ.get("WAYLAND_DISPLAY")):
        wanted.update(_X11)
    missing = [package for library, package in wanted.items() if not _loads(library)]
    if missing:
        raise WorkError(
            f"The window needs system libraries that are missing: run “sudo apt-get install {' '.join(missing)}” "
            "(Debian, Ubuntu) or install what your system calls them."
        )


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _x11_answers(display: str) -> bool:
    """Whether an X server listens at `display` (":0", "host:10.0")."""
    host, _, number = display.rpartition(":")
    screen = number.partition(".")[0]
    if not screen.isdecimal():
        return False
    if host in ("", "unix"):
        path = Path(f"/tmp/.X11-unix/X{screen}")
        kinds = [(socket.AF_UNIX, str(path)), (socket.AF_UNIX, f"\0{path}")]
        return any(_connects(kind, address) for kind, address in kinds)
    return _connects(socket.AF_INET, (host, 6000 + int(screen)))


def _connects(kind: int, address: str | tuple[str, int]) -> bool:
    with socket.socket(kind, socket.SOCK_STREAM) as connection:
        connection.settimeout(2)
        try:
            connection.connect(address)
        except OSError:
            return False
    return True
