"""Films of a walk: GIF, MP4 where an encoder is installed, a strip of pictures, or the numbers."""

from __future__ import annotations

import contextlib
import io
import math
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from genstudio.core import atomic
from genstudio.core.errors import InputError, WorkError
from genstudio.engine.latent.place import Floats
from genstudio.engine.pictures import grid, png, save_arrays

SUFFIXES = (".gif", ".mp4", ".png", ".npz")
FASTEST = 50.0  # frames a second: players of GIF show anything faster at 10 a second
_FILM_SIDE, _STRIP_SIDE = 256, 64  # pixels that smaller pictures are enlarged to, as far as whole pixels go
_GAP = 2  # pixels between the pictures of a strip
_WIDEST = 16_384  # pixels of a strip, which goes on in a second row then
_MOST_PIXELS = 1 << 28  # of all frames together, as they are written
_PATIENCE = 600.0  # seconds that an encoder may take after the last frame


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """Frames of a walk.

    Attributes
    ----------
    frames : uint8 [F, H, W, C]
        C is 1 or 3.
    codes : float32 [F, D]
    fps : float
        Frames a second, above 0 and at most 50.
    """

    frames: NDArray[np.uint8]
    codes: Floats
    fps: float = 12.0

    def __post_init__(self) -> None:
        if not len(self.frames):
            raise InputError("There are no frames to save yet: pin two places first.")
        check_pace(self.fps)


def encoder() -> str | None:
    """The program that makes MP4 films; None where none is installed."""
    return shutil.which("ffmpeg")


def check_pace(fps: float) -> None:
    """Raise `InputError` unless `fps` is above 0 and at most 50 frames a second."""
    if not (math.isfinite(fps) and 0 < fps <= FASTEST):
        raise InputError(f"A film has up to {FASTEST:g} frames a second, not {fps:g}.")


def check_name(out: Path) -> None:
    """Raise `InputError` when `save` cannot write what ends like this, on this computer."""
    suffix = out.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(f"A path cannot be written as “{out.name}”: give a .gif, a .mp4, a .png (strip) or a .npz.")
    if suffix == ".mp4" and encoder() is None:
        raise InputError("No MP4 encoder was found: install ffmpeg, or give a .gif.")


def save(film: Film, out: Path, facts: dict[str, Any] | None = None) -> None:
    """Write a film; the file appears whole or not at all.

    Parameters
    ----------
    out : Path
        ``.gif``, ``.mp4``, ``.png`` (a strip), or ``.npz`` (codes float32 [F, D], frames uint8 [F, H, W, C], fps).
    facts : dict, optional
        What a strip carries in its metadata: see `provenance.facts_of_path`.

    Raises
    ------
    InputError
        When the form is not known, the film is too large for it, or the place cannot be written.
    WorkError
        When the encoder fails.
    """
    check_name(out)
    suffix = out.suffix.lower()
    if suffix == ".npz":
        save_arrays(out, codes=film.codes.astype(np.float32), frames=film.frames, fps=np.array(film.fps))
        return
    side = _STRIP_SIDE if suffix == ".png" else _FILM_SIDE
    frames = enlarged(film.frames, side, even=suffix == ".mp4")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if suffix == ".mp4":
            _encode(frames, film.fps, out)
        else:
            atomic.write_bytes(out, gif(frames, film.fps) if suffix == ".gif" else png(strip(frames), facts))
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"“{out}” cannot be written: {getattr(error, 'strerror', None) or error}.") from None


def enlarged(frames: NDArray[np.uint8], side: int, even: bool = False) -> NDArray[np.uint8]:
    """Frames [F, H, W, C] with each pixel as a square of pixels, the longer side at most `side` where that is larger.

    Parameters
    ----------
    even : bool
        Both sides become even, as MP4 needs them.

    Raises
    ------
    InputError
        When all of them together are too large.
    """
    count, height, width, _ = frames.shape
    factor = max(1, side // max(height, width))
    if even and (height * factor % 2 or width * factor % 2):
        factor += 1 if factor == 1 else -1
    if count * height * width * factor**2 > _MOST_PIXELS:
        factor = 2 if even and (height % 2 or width % 2) else 1
    if count * height * width * factor**2 > _MOST_PIXELS:
        raise InputError(f"{count:,} frames of {width} x {height} pixels are too much for one film: take fewer.")
    return frames.repeat(factor, axis=1).repeat(factor, axis=2) if factor > 1 else frames


def strip(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Frames [F, H, W, C] side by side, uint8 [H', W', C]; a strip of more than 16,384 pixels goes on below."""
    columns = min(len(frames), max(1, _WIDEST // (frames.shape[2] + _GAP)))
    return grid(frames, columns, gap=_GAP)


# --- GIF ---------------------------------------------------------------------------------------------


def durations(count: int, fps: float) -> list[int]:
    """Milliseconds that each of `count` frames is shown: whole hundredths of a second, as GIF has them, at least two.

    Frame i begins at i / fps rounded, so that the film as a whole runs as fast as it should.
    """
    begins = [round(100 * i / fps) for i in range(count + 1)]
    return [10 * (after - begin) for begin, after in pairwise(begins)]


def gif(frames: NDArray[np.uint8], fps: float) -> bytes:
    """An endless GIF of frames [F, H, W, C]; grey ones keep their greys, coloured ones get 256 colours each."""
    pictures = [Image.fromarray(np.ascontiguousarray(f[..., 0] if f.shape[2] == 1 else f)) for f in frames]
    if frames.shape[3] == 3:
        pictures = [picture.quantize(256, Image.Quantize.MEDIANCUT) for picture in pictures]
    buffer = io.BytesIO()
    pictures[0].save(
        buffer, "GIF", save_all=True, append_images=pictures[1:], duration=durations(len(frames), fps), loop=0,
        optimize=False,
    )  # fmt: skip
    return buffer.getvalue()


# --- MP4 ---------------------------------------------------------------------------------------------


def _encode(frames: NDArray[np.uint8], fps: float, out: Path) -> None:
    program = encoder()
    assert program is not None, "checked by check_name"
    height, width = frames.shape[1:3]
    draft = atomic.temporary(out.absolute())
    command = [
        program, "-hide_banner", "-nostdin", "-loglevel", "error", "-y",
        "-f", "rawvideo", "-pixel_format", "rgb24", "-video_size", f"{width}x{height}", "-framerate", f"{fps:.6g}",
        "-i", "pipe:0", "-an", "-pix_fmt", "yuv420p", "-movflags", "+faststart", "-f", "mp4", f"file:{draft}",
    ]  # fmt: skip
    try:
        with tempfile.TemporaryFile() as said:
            status = _run(command, frames, said)
            if status or not draft.is_file():
                said.seek(max(0, said.seek(0, os.SEEK_END) - 4000))
                words = said.read().decode("utf-8", "replace").strip().splitlines()
                reason = f" ({words[-1][:200].rstrip('.')})" if words else ""
                raise WorkError(f"“{out.name}” could not be encoded{reason}: save a .gif instead.")
        draft.replace(out)
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def _run(command: list[str], frames: NDArray[np.uint8], said: IO[bytes]) -> int:
    """Feed the frames to a program; its exit status, whatever it did with them."""
    flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # Windows would open a console
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said, creationflags=flags
    ) as process:
        assert process.stdin is not None
        try:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it says why on its own
                for frame in frames:
                    colours = frame if frame.shape[2] == 3 else frame.repeat(3, axis=2)
                    process.stdin.write(np.ascontiguousarray(colours).tobytes())
                process.stdin.close()
            return process.wait(_PATIENCE)
        except BaseException:
            process.kill()
            raise
