"""``genstudio demo``: the window, training on real digits at once; without a display, its picture."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from genstudio.app import system
from genstudio.app.main import application
from genstudio.core.errors import InputError, WorkError
from genstudio.engine.run import Run

_STEPS, _STEPS_UNSEEN = 3000, 300


def run_demo(
    steps: int | None, screenshot: Path | None, out: Path | None, seed: int | None, device: str | None
) -> dict[str, Any]:
    """Train a small VAE on the built-in digits in the window.

    With a display the window stays open until it is closed. Without one it says so, trains offscreen, saves a
    screenshot and a grid of samples, and returns.

    Raises
    ------
    InputError
        When the screenshot is to be no PNG, or `out` holds something already.
    WorkError
        When the training failed, a picture could not be written or a system library is missing.
    """
    if screenshot is not None and screenshot.suffix.lower() != ".png":
        raise InputError(f"The screenshot “{screenshot.name}” should end in .png.")
    if out is not None:
        Run.create(out)
    unseen = not system.has_display()
    if unseen:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        screenshot = screenshot or Path("genstudio-demo.png")
        print("There is no display: the demo runs offscreen and saves pictures.", file=sys.stderr)
    system.check_libraries()
    from genstudio.app.demo_window import DemoDriver

    with application() as (app, window):
        driver = DemoDriver(
            window, steps or (_STEPS_UNSEEN if unseen else _STEPS), out, seed, device, screenshot, leave=unseen
        )
        begin = time.monotonic()
        app.exec()
    if driver.failure:
        raise WorkError(driver.failure)
    return {**driver.result(), "seconds": round(time.monotonic() - begin, 1)}
