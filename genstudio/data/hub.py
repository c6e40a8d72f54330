"""Hugging Face data sets, by name or as a folder of the same layout, through the library `datasets` if it is there.

Only data is read: the library no longer runs code of data sets, and pictures and sounds are decoded by our own means.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genstudio.core.data_config import DataConfig
from genstudio.core.errors import InputError
from genstudio.data.arrowcells import cells_of, form_of, hints_of
from genstudio.data.beside import Beside
from genstudio.data.dataset import Dataset
from genstudio.data.items import Listing, Watch
from genstudio.data.parquet import settle, take
from genstudio.data.proofread import proofread
from genstudio.data.roles import Cell, check_choice, find_roles
from genstudio.data.rows import About, Rows
from genstudio.data.spool import Spool
from genstudio.data.tables import split_choice
from genstudio.data.tree import Pace

if TYPE_CHECKING:
    import datasets

_PREFIX = "hf:"
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(?:/[\w.-]{1,96})?", re.ASCII)
_PART = re.compile(r"[\w.-]{1,64}", re.ASCII)
_SAMPLE = 200
_BATCH_BYTES = 16 << 20
_BATCH_ROWS = 1000
_MOST_ROWS = 10_000_000
_MOST_FILES = 1_000_000
_MOST_TABLES = 10_000
_INSTALL = "install it with “pip install 'genstudio[hub]'”"


def load(source: str, config: DataConfig, watch: Watch, spool: Path) -> Listing | Dataset:
    """Open "hf:NAME", "hf:NAME:SPLIT" or "hf:FOLDER"; "#image=COLUMN" and so on may follow.

    Parameters
    ----------
    spool : Path
        A file that is made for pictures and sounds that lie inside tables; the listing then names it. Beside it a
        folder comes and goes.

    Returns
    -------
    As `tables.open_table`; without SPLIT all parts, each row saying which it belongs to.

    Raises
    ------
    InputError
        When the library is missing, there is no such data set, no connection, or nothing that can be used.
    WorkError
        When the spool cannot be written.
    """
    rest, choice = split_choice(source.removeprefix(_PREFIX).strip())
    name, part, folder = _taken_apart(rest, source)
    watch("asking Hugging Face" if folder is None else "reading the folder", 0, 0)
    with _quietly(), _scratch(spool, folder) as cache:
        for table in sorted(folder.rglob("*.parquet"))[:_MOST_TABLES] if folder is not None else ():
            proofread(table, watch)
        parts = _loaded(name, part, folder, cache)
        first = next(iter(parts.values()))
        check_choice(name, first.column_names, choice)
        stamp = _stamp_of_folder(folder) if folder is not None else _stamp(parts)
        about = About(source, name, name.rsplit("/", 1)[-1], stamp)
        return _read(parts, part, about, choice, config, _beside(folder, source, watch), spool, watch)


def _taken_apart(rest: str, source: str) -> tuple[str, str | None, Path | None]:
    """(name, split, folder): a folder that exists wins, and has no split in its name."""
    head, mark, tail = rest.rpartition(":")
    for path, part in ((rest, None), (head, tail)):
        try:
            folder = Path(path).expanduser()
            if path and folder.is_dir():
                return folder.resolve().name, part, folder
        except (OSError, ValueError, RuntimeError):
            continue
    name, part = (head, tail) if mark else (rest, None)
    if not _NAME.fullmatch(name) or (part is not None and not _PART.fullmatch(part)):
        raise InputError(
            f"“{source}” names no data set: it has to be hf:NAME or hf:NAME:PART, as in “hf:ylecun/mnist”."
        )
    return name, part, None


def _loaded(name: str, part: str | None, folder: Path | None, cache: Path | None) -> dict[str, datasets.Dataset]:
    """The parts by name, as the library has prepared them."""
    import datasets

    try:
        found = datasets.load_dataset(name if folder is None else str(folder), cache_dir=cache and str(cache))
    except Exception as error:  # the library, its file systems and its parsers raise dozens of kinds
        raise _failed(name, folder, error) from None
    parts = {str(key): value for key, value in found.items()} if isinstance(found, datasets.DatasetDict) else {}
    if part is not None and part not in parts:
        raise InputError(f"“{name}” has no part “{part}”: it has {', '.join(list(parts)[:20])}.")
    parts = {key: value for key, value in parts.items() if part in (None, key) and len(value)}
    if not parts:
        raise InputError(f"“{name}” holds no rows.")
    if sum(map(len, parts.values())) > _MOST_ROWS:
        raise InputError(f"“{name}” has more than {_MOST_ROWS:,} rows: name one part of it, as in hf:{name}:test.")
    columns = {tuple(value.column_names) for value in parts.values()}
    if len(columns) > 1:
        raise InputError(f"The parts of “{name}” have different columns: name one of {', '.join(list(parts)[:20])}.")
    return parts


def _failed(name: str, folder: Path | None, error: Exception) -> InputError:
    kind, told = type(error).__name__, " ".join(str(error.__cause__ or error).split())[:200].rstrip(".")
    if folder is not None:
        return InputError(
            f"The folder “{name}” cannot be opened as Hugging Face's data sets are ({told}): name it without “hf:”."
        )
    if "NotFound" in kind and "file" not in kind.lower():
        return InputError(f"There is no data set “{name}” at Hugging Face that everybody may read: check its name.")
    if isinstance(error, ConnectionError | TimeoutError) or "Offline" in kind or "Connect" in kind:
        return InputError(f"Hugging Face cannot be reached for “{name}”: connect to the internet and try again.")
    return InputError(f"“{name}” cannot be opened from Hugging Face ({told}).")


def _read(
    parts: Mapping[str, datasets.Dataset],
    part: str | None,
    about: About,
    choice: Mapping[str, str],
    config: DataConfig,
    beside: Beside,
    spool: Path,
    watch: Watch,
) -> Listing | Dataset:
    """Find out what the columns are, then take all rows of all parts."""
    first = next(iter(parts.values()))
    hints, classes = hints_of(first.features.to_dict())
    sample = _sample(first, about.file)
    roles = find_roles(about.file, sample, choice, hints={c: h for c, h in hints.items() if c in sample})
    settle(beside, roles, sample)
    pace, number = Pace(watch, "reading the data set", about.source), 1
    with Spool(spool) as put:
        rows = Rows(about, roles, beside, put, config, classes.get(roles.label or "", ()))
        for key, data in parts.items():
            for batch in _batches(data, list(dict.fromkeys(roles.used().values()))):
                take(rows, roles, batch, number, None if roles.split is not None or len(parts) == 1 else key)
                number += batch.num_rows
                pace(number)
        return rows.finish()


def _sample(data: datasets.Dataset, name: str) -> dict[str, list[Cell]]:
    """The first rows of the columns that can be used."""
    table = next(_batches(data, data.column_names)).slice(0, _SAMPLE)
    sample = {c: cells_of(table.column(c)) for c in table.column_names if form_of(table.column(c).type) != "nested"}
    if not sample:
        raise InputError(f"The columns of “{name}” hold lists or records only, which cannot be read.")
    return sample


def _batches(data: datasets.Dataset, columns: list[str]) -> Iterator[Any]:
    """Tables of Arrow, nothing decoded, of about 16 MB each."""
    rows = max(1, min(_BATCH_ROWS, _BATCH_BYTES * len(data) // max(1, data.data.nbytes)))
    return data.select_columns(columns).with_format("arrow").iter(rows)


def _beside(folder: Path | None, source: str, watch: Watch) -> Beside:
    """Where pictures may lie: in the folder itself, or in what the library has downloaded."""
    from datasets.config import HF_CACHE_HOME

    root = folder if folder is not None else Path(HF_CACHE_HOME)
    return Beside(root, source, watch, absolute=True, archive=False)


def _stamp(parts: Mapping[str, datasets.Dataset]) -> str:
    """What is in the cache has the revision of the data set in its path."""
    facts = [[(f["filename"], len(data)) for f in data.cache_files] for data in parts.values()]
    return hashlib.sha256(repr((list(parts), facts)).encode("utf-8", "replace")).hexdigest()


def _stamp_of_folder(folder: Path) -> str:
    digest, seen = hashlib.sha256(), 0
    for where, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            seen += 1
            if seen > _MOST_FILES:
                raise InputError(f"“{folder.name}” holds more than {_MOST_FILES:,} files: name it without “hf:”.")
            try:
                facts = Path(where, name).stat()
            except OSError:
                continue
            told = f"{where[len(str(folder)) :]}/{name}\0{facts.st_size}\0{facts.st_mtime_ns}\0"
            digest.update(told.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


@contextmanager
def _scratch(spool: Path, folder: Path | None) -> Iterator[Path | None]:
    """A place for what the library makes of a folder, removed afterwards; what it downloads it keeps in its own."""
    if folder is None:
        yield None
        return
    place = spool.with_name(f"{spool.name}-hub")
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def _quietly() -> Iterator[None]:
    """Import the library and keep it from writing bars and warnings over ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import datasets
            import huggingface_hub
        except ImportError:
            raise InputError(f"Data sets of Hugging Face need the library “datasets”: {_INSTALL}.") from None
        datasets.disable_progress_bars()
        huggingface_hub.utils.disable_progress_bars()
        datasets.utils.logging.set_verbosity_error()
        huggingface_hub.utils.logging.set_verbosity_error()
        yield
