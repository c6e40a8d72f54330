"""Columns of Arrow, as Parquet files and Hugging Face's library hand them out, as cells of a table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from genstudio.data.labels import MOST_CLASSES
from genstudio.data.roles import Cell, Hint, Media

if TYPE_CHECKING:
    import pyarrow as pa

_MOST_METADATA = 16 << 20
Form = Literal["text", "bytes", "media", "number", "other", "nested"]


def form_of(kind: pa.DataType) -> Form:
    """What cells of this type can be read as; "nested" ones cannot."""
    import pyarrow.types as t

    if t.is_dictionary(kind):
        return form_of(kind.value_type)
    if t.is_struct(kind):
        fields = {kind.field(i).name: kind.field(i).type for i in range(kind.num_fields)}
        of_bytes = "bytes" not in fields or form_of(fields["bytes"]) == "bytes"
        of_paths = "path" not in fields or form_of(fields["path"]) in ("text", "other")  # null: no path at all
        known = bool(fields) and set(fields) <= {"bytes", "path"}
        return "media" if known and of_bytes and of_paths else "nested"
    if t.is_string(kind) or t.is_large_string(kind) or t.is_string_view(kind):
        return "text"
    if t.is_binary(kind) or t.is_large_binary(kind) or t.is_fixed_size_binary(kind) or t.is_binary_view(kind):
        return "bytes"
    if t.is_integer(kind) or t.is_floating(kind) or t.is_boolean(kind):
        return "number"
    return "nested" if t.is_nested(kind) or isinstance(kind, _extension_type()) else "other"


def _extension_type() -> type[pa.DataType]:
    import pyarrow as pa

    return pa.BaseExtensionType


def cells_of(column: pa.Array | pa.ChunkedArray) -> list[Cell]:
    """The cells of a column; nested ones are None, dates and the like become their text.

    Text that is not UTF-8 has "�" in the place of what cannot be read.
    """
    form = form_of(column.type)
    if form == "nested":
        return [None] * len(column)
    if form == "text":
        return _texts(column)
    cells = column.to_pylist()
    if form == "media":
        return [None if cell is None else Media(cell.get("bytes"), cell.get("path")) for cell in cells]
    return cells if form in ("bytes", "number") else [None if cell is None else str(cell) for cell in cells]


def _texts(column: pa.Array | pa.ChunkedArray) -> list[Cell]:
    import pyarrow as pa
    import pyarrow.types as t

    try:
        return column.to_pylist()
    except UnicodeDecodeError:
        plain = column.cast(column.type.value_type) if t.is_dictionary(column.type) else column
        packed = plain.cast(pa.large_binary()).to_pylist()
        return [None if cell is None else cell.decode("utf-8", "replace") for cell in packed]


def described(metadata: Mapping[bytes, bytes] | None) -> tuple[dict[str, Hint], dict[str, tuple[str, ...]]]:
    """What Hugging Face's library wrote about the columns into a schema.

    Returns
    -------
    hints : mapping of column to role
        Columns of pictures, of sounds and of labels.
    classes : mapping of column to names
        Names of the labels 0, 1, ...

    What is damaged or strange there is passed over, since it only helps.
    """
    raw = (metadata or {}).get(b"huggingface", b"")
    if not raw or len(raw) > _MOST_METADATA:
        return {}, {}
    try:
        features = json.loads(raw)["info"]["features"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}, {}
    return hints_of(features)


def hints_of(features: Any) -> tuple[dict[str, Hint], dict[str, tuple[str, ...]]]:
    """As `described`, from the features themselves in the form of JSON."""
    hints: dict[str, Hint] = {}
    classes: dict[str, tuple[str, ...]] = {}
    kinds: dict[str, Hint] = {"Image": "image", "Audio": "audio", "ClassLabel": "label"}
    for column, feature in features.items() if isinstance(features, dict) else ():
        kind = kinds.get(str(feature.get("_type"))) if isinstance(feature, dict) else None
        if kind is None:
            continue
        hints[column] = kind
        names = feature.get("names")
        if kind == "label" and isinstance(names, list) and 0 < len(names) <= MOST_CLASSES:
            named = tuple(name for name in names if isinstance(name, str) and len(name) <= 200)
            if len(named) == len(names) == len(set(named)):
                classes[column] = named
    return hints, classes
