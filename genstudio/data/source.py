"""`open_source`: the one door for data. A name or a path goes in, a `Dataset` comes out."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from genstudio.core.data_config import DataConfig
from genstudio.core.errors import InputError, WorkError
from genstudio.data import cache
from genstudio.data.columns import Texts
from genstudio.data.dataset import Dataset, Part
from genstudio.data.items import Blob, Item, Listing, Split, Watch, unwatched
from genstudio.data.prepared import Shape, file_stamp, joined, prepared, ready, unchanged, without_source

_HUB = "hf:"
_LONG_TEXT = 4096  # bytes of a file, from which on it holds many items and is none itself


def open_source(
    source: str,
    split: Part = "train",
    config: DataConfig | None = None,
    watch: Watch = unwatched,
    shape: Shape | None = None,
) -> Dataset:
    """Open data by name or path; what has to be decoded is prepared once and kept in the cache.

    Parameters
    ----------
    source : str
        A built-in name ("digits", "shapes", ...), the path of a folder, archive, table, array, text or IDX file,
        or "hf:NAME". ``table.csv#image=COLUMN,text=COLUMN`` chooses columns.
    split : {"train", "validation", "test", "all"}
        Which part; "all" gives every row with `Dataset.parts` saying which part it belongs to.
    config : DataConfig, optional
        Sizes, lengths, parts; the defaults leave data as it is as far as they can.
    watch : Watch
        Told how far the preparation is; may raise `Cancelled`.
    shape : (height, width, channels), optional
        What pictures have to become, whatever the settings say: a trained model takes no others.

    Raises
    ------
    InputError
        When there is no such source or nothing in it can be used; the sentence names it.
    WorkError
        When prepared data cannot be written.
    Cancelled
        When `watch` raises it.
    """
    if not source.strip():
        raise InputError("No data was named: give “digits” or the path of a folder or file.")
    config = config or DataConfig()
    data = _open(source, split, config, watch, shape)
    return data if split == "all" else data.part(split)


def _open(source: str, split: Part, config: DataConfig, watch: Watch, shape: Shape | None) -> Dataset:
    """Everything in a source, with parts assigned."""
    from genstudio.data import digits, idx, synthetic

    if source == "digits":
        return ready(digits.load(), config, shape)
    if source in synthetic.BUILT_IN:
        return ready(synthetic.load(source), config, shape)
    if source.startswith(_HUB):
        return _hub(source, config, watch, shape)
    path, choice = _locate(source)
    if path is None:
        return without_source(source, config, shape)
    if path.is_dir() and idx.is_idx_folder(path):
        data = ready(idx.load(path, source, _given(split)), config, shape)
        if split == "all" and "train" in data.splits and "test" in data.splits:
            return joined(data, ready(idx.load(path, source, "test"), config, shape))
        return data
    if path.is_dir():
        from genstudio.data import folders

        return _folder(folders.listing(path, source, config, watch), config, watch, shape)
    return _open_file(path, source, split, choice, config, watch, shape)


def _open_file(
    path: Path,
    source: str,
    split: Part,
    choice: dict[str, str],
    config: DataConfig,
    watch: Watch,
    shape: Shape | None,
) -> Dataset:
    """A file, by what is in it; texts are told from tables, and arrays from archives, by their suffix."""
    from genstudio.data.sniff import explain, kind_of, sniff

    form, suffix = sniff(_head(path), path.name), path.suffix.lower()
    if form == "parquet" or suffix in (".csv", ".tsv", ".parquet"):
        return _table(path, source, choice, config, watch, shape)
    if form == "npy" or suffix in (".npz", ".npy"):
        from genstudio.data import arrays

        return ready(arrays.load(path, source), config, shape)
    if form == "zip":
        from genstudio.data import archives

        return prepared(archives.listing(path, source, config, watch), config, watch, shape)
    if form == "idx" or "idx" in path.name:
        from genstudio.data import idx

        return ready(idx.load(path, source, _given(split)), config, shape)
    kind = kind_of(form)
    if kind == "text":
        from genstudio.data import text

        found = text.read_items(path, config, watch)
        return ready(Dataset(source, path.stem, texts=found.texts, notes=found.notes), config, shape)
    if kind is not None:
        item = Item(path.name, {kind: Blob(str(path))})
        return prepared(Listing(source, path.stem, (item,), file_stamp(str(path))), config, watch, shape)
    raise InputError(f"“{source}” {explain(form, path.name)}")


def _folder(listing: Listing, config: DataConfig, watch: Watch, shape: Shape | None) -> Dataset:
    """A folder of many files; long texts in it are read item by item, each file with its name as label."""
    paths = [Path(item.blobs["text"].path) for item in listing.items if set(item.blobs) == {"text"}]
    plain = len(paths) == len(listing.items) and not any(item.blobs["text"].member for item in listing.items)
    if not plain or sum(path.stat().st_size for path in paths) < _LONG_TEXT * len(paths):
        return prepared(listing, config, watch, shape)
    from genstudio.data import text

    found = [text.read_items(path, config, watch) for path in paths]
    data = Dataset(
        listing.source,
        listing.name,
        labels=np.repeat(np.arange(len(found)), [len(each.texts) for each in found]) if len(found) > 1 else None,
        label_names=tuple(item.name for item in listing.items) if len(found) > 1 else (),
        texts=found[0].texts if len(found) == 1 else Texts.of(line for each in found for line in each.texts),
        notes=tuple(f"{path.name}: {note}" for path, each in zip(paths, found, strict=True) for note in each.notes),
        rejected=listing.rejected,
    )
    return ready(data, config, shape)


def _table(
    path: Path, source: str, choice: dict[str, str], config: DataConfig, watch: Watch, shape: Shape | None
) -> Dataset:
    from genstudio.data import tables

    if path.suffix.lower() == ".parquet":
        known = unchanged(path, source, config, shape)
        if known is not None:
            return known
    with _spool() as spool:
        found = tables.open_table(path, source, choice, config, watch, spool)
        return _either(found, config, watch, shape)


def _either(found: Listing | Dataset, config: DataConfig, watch: Watch, shape: Shape | None) -> Dataset:
    if isinstance(found, Listing):
        return prepared(found, config, watch, shape)
    return ready(found, config, shape)


def _hub(source: str, config: DataConfig, watch: Watch, shape: Shape | None) -> Dataset:
    from genstudio.data import hub

    with _spool() as spool:
        return _either(hub.load(source, config, watch, spool), config, watch, shape)


# --- where it is --------------------------------------------------------------------------------------


def _locate(source: str) -> tuple[Path | None, dict[str, str]]:
    """The path that a source names and the columns that it chooses; no path when there is nothing."""
    from genstudio.data.tables import split_choice

    try:
        name, choice = split_choice(source)
        path = Path(name).expanduser()
        if path.exists() and not (path.is_dir() or path.is_file()):  # a named pipe would be waited for without end
            raise InputError(f"“{source}” is neither a file nor a folder: name one of these.")
        return (path if path.exists() else None), choice
    except InputError:
        raise
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"“{source}” cannot be a path on this computer: {error}.") from None


def _head(path: Path) -> bytes:
    from genstudio.data.sniff import HEAD

    try:
        with path.open("rb") as file:
            return file.read(HEAD)
    except OSError as error:
        raise InputError(f"{path.name} cannot be read: {error.strerror or error}.") from None


def _given(split: Part) -> Split:
    """The part of an IDX folder to read: each lies in a file of its own."""
    return "test" if split == "test" else "train"


@contextlib.contextmanager
def _spool() -> Iterator[Path]:
    """A file for bytes that come out of a table, deleted afterwards."""
    home = cache.folder()
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="spool-", dir=home, ignore_cleanup_errors=True) as place:
            yield Path(place) / "bytes"
    except OSError as error:
        raise WorkError(f"Prepared data cannot be kept in “{home}”: {error.strerror or error}.") from None
