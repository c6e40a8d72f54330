"""Where a picture comes from: what a saved PNG carries, so that one can go back there, and code that repeats it."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from genstudio.core import atomic
from genstudio.core.errors import InputError
from genstudio.engine.latent.explorer import Explorer
from genstudio.engine.latent.place import NO_LABEL, Place, code_from_text, code_text
from genstudio.engine.pictures import png

KEY = "genstudio"
_LARGEST = 64_000_000  # bytes of a file that is looked into
_MOST_PIXELS = 64_000_000
_LONGEST = 8_000_000  # characters of a code: 1.5 million numbers
_MOST_PINS = 1_000
# what Pillow, JSON and base64 raise for files that are cut short, changed, or made by others
_NOT_OURS = (
    OSError, EOFError, SyntaxError, struct.error, KeyError, ValueError, TypeError, ArithmeticError, RecursionError,
    MemoryError, Image.DecompressionBombError,
)  # fmt: skip


class Pin(BaseModel):
    """A place as text."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, defer_build=True)

    code: str = Field(min_length=8, max_length=_LONGEST)
    label: str | None = Field(default=None, max_length=1000)

    def place(self, labels: Sequence[str] = ()) -> Place:
        """The place; `labels` are those that the model can be asked for. Raises `InputError` for a damaged code."""
        number = next((i for i, label in enumerate(labels) if label == self.label), NO_LABEL)
        return Place(code_from_text(self.code), number)


class Provenance(BaseModel):
    """What a PNG tells of itself.

    Attributes
    ----------
    kind : {"place", "path"}
        One picture, or a strip through several pins.
    run, created : str
        Name of the run's folder, which may be another one by now, and when the run was begun, which stays.
    step, weights, fingerprint
        Of the weights that drew it.
    seed : int
        Of the run.
    pins : tuple of Pin
        One for a picture.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, allow_inf_nan=False, defer_build=True)

    kind: Literal["place", "path"]
    run: str = Field(max_length=1000)
    created: str = Field(max_length=40)
    step: int = Field(ge=0, le=2**53)
    weights: str = Field(max_length=20)
    fingerprint: str = Field(max_length=64)
    seed: int = Field(ge=0, le=2**31 - 1)
    family: str = Field(max_length=100)
    pins: tuple[Pin, ...] = Field(min_length=1, max_length=_MOST_PINS)

    def place(self, labels: Sequence[str] = ()) -> Place:
        """The place of a picture, the first one of a path; raises as `Pin.place` does."""
        return self.pins[0].place(labels)

    def of_run(self, explorer: Explorer) -> bool:
        """Whether it was drawn by this run, at whatever step, wherever the folder lies now."""
        document = explorer.trained.document
        return (self.created, self.family, self.seed) == (document.created, document.family, document.seed)

    def difference(self, explorer: Explorer) -> str:
        """What is to be known before one goes there with this model: a sentence, empty when it is the same model.

        Raises
        ------
        InputError
            When its codes are not of this model's size.
        """
        size = len(code_from_text(self.pins[0].code))
        if size != explorer.size:
            raise InputError(
                f"This picture comes from the run “{self.run}”, whose codes have {size:,} numbers, not "
                f"{explorer.size:,}: open that run first."
            )
        if self.fingerprint == explorer.fingerprint():
            return ""
        if not self.of_run(explorer):
            return f"This picture comes from another run, “{self.run}”: here its code draws something else."
        return (
            f"This picture was drawn at step {self.step:,}; the model is at step {explorer.step:,} now and draws "
            "another one from its code."
        )


# --- writing -----------------------------------------------------------------------------------------


def facts_of(explorer: Explorer, run_path: Path, place: Place) -> dict[str, Any]:
    """What a PNG of a place carries, as JSON: see `Provenance`, with code and label beside the rest."""
    return {"kind": "place", **_origin(explorer, run_path), **_pin(explorer, place)}


def facts_of_path(explorer: Explorer, run_path: Path, pins: Sequence[Place], path: str, loop: bool) -> dict[str, Any]:
    """What a strip carries: the pins that its path ("linear" or "spherical") leads through."""
    drawn = [_pin(explorer, pin) for pin in pins[:_MOST_PINS]]
    return {"kind": "path", **_origin(explorer, run_path), "path": path, "loop": loop, "pins": drawn}


def png_of(explorer: Explorer, run_path: Path, place: Place) -> bytes:
    """The picture at a place as PNG that leads back there; raises as `Explorer.draw` does."""
    return png(explorer.picture(place), facts_of(explorer, run_path, place))


def _origin(explorer: Explorer, run_path: Path) -> dict[str, Any]:
    trained, document = explorer.trained, explorer.trained.document
    return {
        "run": run_path.absolute().name.encode("utf-8", "replace").decode("utf-8")[:1000],
        "created": document.created,
        "step": explorer.step,
        "weights": trained.weights,
        "fingerprint": explorer.fingerprint(),
        "seed": document.seed,
        "family": document.family,
    }


def _pin(explorer: Explorer, place: Place) -> dict[str, Any]:
    known = 0 <= place.label < len(explorer.labels)
    return {"label": explorer.labels[place.label] if known else None, "code": code_text(place.code)}


# --- reading -----------------------------------------------------------------------------------------


def read(source: Path | bytes) -> Provenance | None:
    """What a PNG tells of itself; None for any other file, for damaged ones, and for PNGs that tell nothing."""
    try:
        data = source if isinstance(source, bytes) else _content(source)
        width, height = struct.unpack(">II", data[16:24])  # looked at before Pillow, which warns of bombs on stderr
        if len(data) > _LARGEST or not 0 < width * height <= _MOST_PIXELS:
            return None
        with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            text = picture.info[KEY]
        facts = json.loads(text)
        if facts["kind"] == "place":
            facts["pins"] = [{"code": facts.pop("code"), "label": facts.pop("label", None)}]
        found = Provenance.model_validate_json(json.dumps(facts))
        for pin in found.pins:
            code_from_text(pin.code)
        return found
    except (ValidationError, InputError, *_NOT_OURS):
        return None


def _content(path: Path) -> bytes:
    return atomic.read_bytes(path) if path.stat().st_size <= _LARGEST else b""


# --- as code -----------------------------------------------------------------------------------------


def as_code(run_path: Path, place: Place, explorer: Explorer) -> str:
    """A few lines of Python that draw the picture at a place again, as long as the run is trained no further."""
    known = 0 <= place.label < len(explorer.labels)
    label = f", label={place.label})  # {explorer.labels[place.label]!r}" if known else ")"
    pixels = "picture[..., 0]" if explorer.shape[2] == 1 else "picture"
    return f"""\
from pathlib import Path

from PIL import Image

from genstudio.engine.latent.explorer import Explorer
from genstudio.engine.latent.place import Place, code_from_text

# the run {run_path.absolute().name!r} at step {explorer.step}, {explorer.trained.weights} weights
explorer = Explorer.open(Path({str(run_path.absolute())!r}))
code = code_from_text("{code_text(place.code)}")
place = Place(code{label}
picture = explorer.picture(place)  # uint8 {list(explorer.shape)}
Image.fromarray({pixels}).save("picture.png")
"""
