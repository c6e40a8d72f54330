"""Prepared data as files again: what the networks see, for other programs and for a closer look."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from genstudio.core import atomic
from genstudio.core.errors import InputError, WorkError
from genstudio.data import Dataset
from genstudio.data.audio import flac, wav
from genstudio.data.items import Watch, unwatched
from genstudio.engine.names import safe_name
from genstudio.engine.pictures import png, save_arrays

_SOUNDS = {".wav": wav, ".flac": flac}


def check_name(out: Path) -> None:
    """Raise `InputError` when `export` knows no form that ends like this."""
    if out.suffix.lower() not in (".npz", ".txt", ""):
        raise InputError(f"Data cannot be written as “{out.name}”: give a .npz, a .txt (texts only) or a folder.")


def export(data: Dataset, out: Path, watch: Watch = unwatched, sound: str = ".wav") -> None:
    """Write a data set.

    Parameters
    ----------
    out : Path
        ``.npz``: keys images (uint8 [N, H, W, C]), audio (int16 [N, T]) with sample_rate and lengths, texts, labels
        with label_names, as far as they are there. ``.txt``: one text a line. A folder: a file for each picture,
        sound and text, the same number for the same item, in a sub-folder for each label.
    sound : {".wav", ".flac"}
        Form of sounds in a folder.

    Raises
    ------
    InputError
        When the form is not known or does not fit what there is.
    WorkError
        When it cannot be written.
    """
    check_name(out)
    try:
        if out.suffix.lower() == ".npz":
            save_arrays(out, **_arrays(data))
        elif out.suffix.lower() == ".txt":
            _write_lines(data, out)
        else:
            _write_folder(data, out, watch, sound)
    except OSError as error:
        raise WorkError(f"“{out}” cannot be written: {error.strerror or error}.") from None


def _arrays(data: Dataset) -> dict[str, Any]:
    arrays: dict[str, Any] = {}
    if len(data.images):
        arrays["images"] = data.images
    if data.audio is not None:
        arrays |= {
            "audio": data.audio.samples,
            "sample_rate": np.array(data.audio.rate),
            "lengths": data.audio.lengths,
        }
    if data.texts is not None:
        arrays["texts"] = np.array(data.texts[:], dtype=np.str_)
    if data.points is not None:
        arrays["points"] = data.points
    if data.labels is not None:
        arrays |= {"labels": data.labels, "label_names": np.array(data.label_names, dtype=np.str_)}
    return arrays


def _write_lines(data: Dataset, out: Path) -> None:
    if data.texts is None:
        raise InputError(f"“{data.source}” holds no texts: give a .npz or a folder.")
    out.parent.mkdir(parents=True, exist_ok=True)
    lines = (" ".join(text.splitlines()) + "\n" for text in data.texts)
    atomic.write_bytes(out, "".join(lines).encode("utf-8"))


def _write_folder(data: Dataset, out: Path, watch: Watch, sound: str) -> None:
    digits = max(5, len(str(len(data) - 1)))
    folders = [out / safe_name(name) for name in data.label_names] if data.labels is not None else []
    for i in range(len(data)):
        label = -1 if data.labels is None else int(data.labels[i])
        place = folders[label] if label >= 0 else out
        place.mkdir(parents=True, exist_ok=True)
        for suffix, content in _files(data, i, sound):
            atomic.write_quickly(place / f"{i:0{digits}d}{suffix}", content)
        watch("writing files", i + 1, len(data))


def _files(data: Dataset, i: int, sound: str) -> list[tuple[str, bytes]]:
    files: list[tuple[str, bytes]] = []
    if len(data.images):
        files.append((".png", png(data.images[i])))
    if data.audio is not None:
        samples = data.audio.samples[i, : max(1, int(data.audio.lengths[i]))]
        files.append((sound, _SOUNDS[sound](samples, data.audio.rate)))
    if data.texts is not None:
        files.append((".txt", data.texts[i].encode("utf-8", "replace")))
    return files
