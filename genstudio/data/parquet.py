"""Parquet files, read batch by batch: pictures and sounds in them go into a spool, so memory stays flat.

Format: Apache Parquet, https://parquet.apache.org/docs/file-format/ ; what Hugging Face adds is JSON in the schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from genstudio.core.data_config import DataConfig
from genstudio.core.errors import InputError
from genstudio.data.arrowcells import cells_of, described, form_of
from genstudio.data.beside import Beside
from genstudio.data.dataset import Dataset
from genstudio.data.items import Listing, Watch, unwatched
from genstudio.data.pixeltable import PixelTable, find_pixels
from genstudio.data.pointtable import find_points
from genstudio.data.proofread import proofread
from genstudio.data.roles import Cell, Role, Roles, check_choice, find_roles, listed
from genstudio.data.rows import About, Rows
from genstudio.data.spool import Spool
from genstudio.data.tree import Pace

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

MOST_ROWS = 10_000_000
_MOST_GROUP = 64 << 30
_BATCH_BYTES = 16 << 20
_BATCH_WORST = 256 << 20
_BATCH_ROWS = 8192
_SAMPLE = 200
_LEAST_SPOOL, _MOST_TIMES = 1 << 30, 200  # bytes put aside, and how many times the size of the file
#: How much smaller the best codec makes what is all the same. Asking which codec it is ends the process for some.
_BEST_RATIO = 30_000


def open_parquet(
    path: Path, source: str, choice: Mapping[str, str], config: DataConfig, watch: Watch, spool: Path
) -> Listing | Dataset:
    """Open a Parquet file; arguments, result and errors as `tables.open_table`."""
    from genstudio.data.tables import about

    facts = about(path, source)
    proofread(path, watch)
    file = _opened(path)
    try:
        _check(file, path.name)
        return _read(file, path, facts, choice, config, Pace(watch, "reading the table", source), spool)
    finally:
        file.close(force=True)


def column_names(path: Path) -> tuple[str, ...]:
    """The columns of a Parquet file; raises `InputError` when it is none."""
    proofread(path, unwatched, head=True)
    file = _opened(path)
    try:
        return tuple(file.schema_arrow.names)
    except Exception as error:
        raise _damaged(path.name, error) from None
    finally:
        file.close(force=True)


def read_through(path: Path, head: bool) -> None:
    """Read all that `open_parquet` reads, or `column_names` with `head`, and forget it; raises as they do."""
    file = _opened(path)
    _check(file, path.name)
    columns = [field.name for field in file.schema_arrow if form_of(field.type) != "nested"]
    if not head and columns:
        _sample(file, path.name, columns)
        for batch in _batches(file, path.name, columns):
            del batch


def _opened(path: Path) -> pq.ParquetFile:
    import pyarrow.parquet as pq

    try:
        # nothing is read ahead, and names in the footer cannot take more than this
        return pq.ParquetFile(
            path, buffer_size=1 << 20, pre_buffer=False, thrift_string_size_limit=100 << 20,
            thrift_container_size_limit=1_000_000,
        )  # fmt: skip
    except FileNotFoundError:
        raise InputError(f"{path.name} cannot be read: there is no such file.") from None
    except Exception as error:  # pyarrow raises a dozen kinds, of its own and of Python
        raise _damaged(path.name, error) from None


def _damaged(name: str, error: Exception) -> InputError:
    told = " ".join(str(error).split())[:200].rstrip(".")
    return InputError(f"{name} is not a Parquet file, or it is damaged or was cut short: get it again ({told}).")


def _check(file: pq.ParquetFile, name: str) -> None:
    """Refuse what would take too much, by what the footer says."""
    facts = file.metadata
    if facts.num_rows > MOST_ROWS:
        raise InputError(f"{name} says it has {facts.num_rows:,} rows, more than {MOST_ROWS:,}: split it.")
    if facts.num_rows < 1:
        raise InputError(f"{name} has no rows.")
    names = file.schema_arrow.names
    if len(set(names)) < len(names):
        twice = next(n for i, n in enumerate(names) if n in names[:i])
        raise InputError(f"{name} has two columns called “{twice}”: give each a name of its own.")
    for i in range(facts.num_row_groups):
        group = facts.row_group(i)
        if group.total_byte_size > _MOST_GROUP or not 0 <= group.num_rows <= MOST_ROWS:
            raise InputError(
                f"{name} says that row group {i + 1} has {group.num_rows:,} rows in "
                f"{group.total_byte_size / 1e9:,.0f} GB, more than {_MOST_GROUP >> 30}: write the file again with "
                "smaller row groups."
            )


def _read(
    file: pq.ParquetFile,
    path: Path,
    about: About,
    choice: Mapping[str, str],
    config: DataConfig,
    pace: Pace,
    spool: Path,
) -> Listing | Dataset:
    """Find out what the columns are, then take all rows."""
    schema = file.schema_arrow
    check_choice(path.name, schema.names, choice)
    forms = {field.name: form_of(field.type) for field in schema}
    hints, classes = described(schema.metadata)
    usable = [column for column, form in forms.items() if form != "nested"]
    _refuse_nested(path.name, choice, forms, usable)
    sample = _sample(file, path.name, usable)
    numbers = sum(form == "number" for form in forms.values())
    if numbers >= 2:
        find = find_pixels if numbers >= 16 else find_points
        table = find(about, usable, list(zip(*sample.values(), strict=True)), choice)
        if table is not None:
            return _read_pixels(file, table, usable, pace, path.name)
    beside = Beside(path.resolve().parent, about.source, pace.watch)
    roles = find_roles(path.name, sample, choice, beside.has, {c: h for c, h in hints.items() if c in usable})
    settle(beside, roles, sample)
    with Spool(spool, most=_LEAST_SPOOL + _MOST_TIMES * path.stat().st_size) as put:
        taken = Rows(about, roles, beside, put, config, classes.get(roles.label or "", ()))
        first = 1
        for batch in _batches(file, path.name, list(dict.fromkeys(roles.used().values()))):
            take(taken, roles, batch, first)
            first += batch.num_rows
            pace(first)
        return taken.finish()


def settle(beside: Beside, roles: Roles, sample: Mapping[str, Sequence[Cell]]) -> None:
    """Find the sub-folder that names of pictures and sounds leave out."""
    for column in (roles.image, roles.audio):
        if column is not None:
            beside.settle([cell for cell in sample[column] if isinstance(cell, str)])


def take(rows: Rows, roles: Roles, batch: pa.RecordBatch | pa.Table, first: int, split: str | None = None) -> None:
    """Give all rows of a batch to `rows`; `first` is the number of the first, `split` what all are part of."""
    columns: dict[Role, list[Cell]] = {role: cells_of(batch.column(c)) for role, c in roles.used().items()}
    if split is not None:
        columns["split"] = [split] * batch.num_rows
    for i in range(batch.num_rows):
        rows.add(first + i, {role: cells[i] for role, cells in columns.items()})


def _refuse_nested(name: str, choice: Mapping[str, str], forms: Mapping[str, str], usable: Sequence[str]) -> None:
    nested = [column for column, form in forms.items() if form == "nested"]
    wrong = next((column for column in choice.values() if column in nested), None)
    if wrong is not None or not usable:
        told = f"column “{wrong}”" if wrong is not None else f"columns {listed(nested)}"
        raise InputError(
            f"{name}: {told} hold lists or records, which cannot be read: pictures have to be bytes or paths."
        )


def _sample(file: pq.ParquetFile, name: str, columns: Sequence[str]) -> dict[str, list[Cell]]:
    """The first rows of these columns."""
    batch = next(_batches(file, name, columns, _SAMPLE), None)
    if batch is None or not batch.num_rows:
        raise InputError(f"{name} has no rows.")
    return {column: cells_of(batch.column(column)) for column in columns}


def _batches(
    file: pq.ParquetFile, name: str, columns: Sequence[str], most: int = _BATCH_ROWS
) -> Iterator[pa.RecordBatch]:
    """Batches of bounded size in the order of rows; errors in words."""
    seen = 0
    for group in range(file.metadata.num_row_groups):
        try:
            size = min(most, _batch_rows(file.metadata.row_group(group), columns))
            batches = iter(file.iter_batches(size, row_groups=[group], columns=list(columns), use_threads=False))
        except Exception as error:
            raise _damaged(name, error) from None
        while True:
            try:
                batch = next(batches, None)
            except Exception as error:
                raise _damaged(name, error) from None
            if batch is None:
                break
            seen += batch.num_rows
            if seen > MOST_ROWS:
                raise InputError(f"{name} has more than {MOST_ROWS:,} rows: split it.")
            yield batch


def _batch_rows(group: Any, columns: Sequence[str]) -> int:
    """How many rows keep a batch small, by their mean size and by the largest that a dictionary can make them."""
    mean = worst = 0
    for i in range(group.num_columns):
        chunk = group.column(i)
        if chunk.path_in_schema not in columns and chunk.path_in_schema.split(".", 1)[0] not in columns:
            continue
        mean += chunk.total_uncompressed_size // max(1, group.num_rows)
        if chunk.has_dictionary_page and chunk.physical_type == "BYTE_ARRAY":
            packed = max(0, chunk.data_page_offset - (chunk.dictionary_page_offset or 0))
            worst += min(max(0, chunk.total_uncompressed_size), _BEST_RATIO * packed)
    return max(1, min(_BATCH_ROWS, _BATCH_BYTES // max(1, mean), _BATCH_WORST // max(1, worst)))


def _read_pixels(file: pq.ParquetFile, table: PixelTable, names: Sequence[str], pace: Pace, name: str) -> Dataset:
    """Rows of numbers, a block at a time."""
    marked = [i for i in (table.label, table.split) if i is not None]
    columns = [names[i] for i in chain(table.pixels, marked)]
    first = 1
    for batch in _batches(file, name, columns):
        values = np.stack([_numbers(batch.column(names[i])) for i in table.pixels], axis=1)
        marks = {i: cells_of(batch.column(names[i])) for i in marked}
        table.add_block(
            first, values, [{i: cells[row] for i, cells in marks.items()} for row in range(batch.num_rows)]
        )
        first += batch.num_rows
        pace(first)
    return table.finish()


def _numbers(column: pa.Array) -> Any:
    """A column as numbers; null is NaN."""
    return column.to_numpy(zero_copy_only=False)
