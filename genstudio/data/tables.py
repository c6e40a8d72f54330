"""Tables: CSV, TSV and Parquet files that name pictures and sounds, hold them, or hold texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import chain, islice
from pathlib import Path

from genstudio.core.data_config import DataConfig
from genstudio.core.errors import InputError
from genstudio.data import csvfile
from genstudio.data.beside import Beside
from genstudio.data.dataset import Dataset
from genstudio.data.items import Listing, Rejected, Watch
from genstudio.data.pixeltable import PixelTable, find_pixels
from genstudio.data.pointtable import find_points
from genstudio.data.roles import ROLES, Cell, Role, check_choice, find_roles
from genstudio.data.rows import About, Rows
from genstudio.data.spool import Spool
from genstudio.data.tree import Pace

_SAMPLE = 1000  # rows that guesses look at
_PAIR = re.compile(r"([A-Za-z_]+)=")


def split_choice(source: str) -> tuple[str, dict[str, str]]:
    """Take "table.csv#image=COLUMN,text=COLUMN" apart into the path and the columns chosen by role.

    A path that exists as it stands is never taken apart. "label=" without a column means: no column.

    Raises
    ------
    InputError
        For a role that is not known; the sentence lists roles and, where there is such a table, its columns.
    """
    path, mark, tail = source.rpartition("#")
    if not mark or not _PAIR.match(tail) or _exists(source):
        return source, {}
    choice: dict[str, str] = {}
    # a name of a column may hold commas, so one only ends where a role follows
    for part in re.split(r",(?=[A-Za-z_]+=)", tail):
        role, _, column = part.partition("=")
        choice[role.strip().lower()] = column.strip()
    unknown = [role for role in choice if role not in ROLES]
    if unknown:
        table = Path(path).expanduser()
        if _exists(path) and table.suffix.lower() in (".csv", ".tsv", ".parquet"):
            check_choice(table.name, column_names(table), choice)
        raise InputError(f"“{unknown[0]}” in “{source}” is not a role of a column: the roles are {', '.join(ROLES)}.")
    return path, choice


def open_table(
    path: Path, source: str, choice: Mapping[str, str], config: DataConfig, watch: Watch, spool: Path
) -> Listing | Dataset:
    """Open a table; what its columns are is guessed where `choice` does not say it.

    Parameters
    ----------
    choice : mapping of role to column
        Roles are image, audio, text, label, split and group; an empty name means no column.
    spool : Path
        A file that is made when the table itself holds pictures or sounds; the listing then names it.

    Returns
    -------
    Listing of rows with pictures or sounds, in the table's order; Dataset of texts, of pictures where each pixel has
    a column, or of points where there are columns “x” and “y”.

    Raises
    ------
    InputError
        When it cannot be read or nothing in it can be used; the sentence names it.
    WorkError
        When the spool cannot be written.
    """
    if is_parquet(path):
        from genstudio.data import parquet

        return parquet.open_parquet(path, source, choice, config, watch, spool)
    return _open_text(path, source, choice, config, watch, spool)


def column_names(path: Path) -> tuple[str, ...]:
    """The columns of a table, for a person to choose from; raises `InputError` as `open_table`."""
    if is_parquet(path):
        from genstudio.data import parquet

        return parquet.column_names(path)
    return csvfile.column_names(read_whole(path), path.name)


def is_parquet(path: Path) -> bool:
    """Whether a file begins as Parquet does, or is called so; raises `InputError` when it cannot be read."""
    about(path, "")
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PAR1" or path.suffix.lower() == ".parquet"
    except OSError as error:
        raise InputError(f"{path.name} cannot be read: {error.strerror or error}.") from None


def about(path: Path, source: str) -> About:
    """What is known of a table before it is read; raises `InputError` when it is not a file."""
    try:
        if path.exists() and not path.is_file():  # a named pipe would be waited for without end
            raise InputError(f"{path.name} cannot be read: it is not a file.")
        facts = path.stat()
    except OSError as error:
        raise InputError(f"{path.name} cannot be read: {error.strerror or error}.") from None
    return About(source, path.name, path.stem, f"{facts.st_size} {facts.st_mtime_ns}")


def read_whole(path: Path) -> bytes:
    """The bytes of a table in text form; raises `InputError` for one that cannot be read or is too large."""
    try:
        with path.open("rb") as file:
            data = file.read(csvfile.MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path.name} cannot be read: {error.strerror or error}.") from None
    if len(data) > csvfile.MOST_BYTES:
        raise InputError(f"{path.name} has more than 2 GiB: split it into several tables, or save it as Parquet.")
    return data


def _open_text(
    path: Path, source: str, choice: Mapping[str, str], config: DataConfig, watch: Watch, spool: Path
) -> Listing | Dataset:
    facts = about(path, source)
    columns, rows = csvfile.read_rows(read_whole(path), path.name)
    check_choice(path.name, columns, choice)
    head = list(islice(rows, _SAMPLE))
    sample = [row for _, row in head if not isinstance(row, Rejected)]
    if not sample:
        reason = next((f": {row.file} {row.reason}" for _, row in head if isinstance(row, Rejected)), "")
        raise InputError(f"{path.name} has a header but no rows that can be used{reason}.")
    pace = Pace(watch, "reading the table", source)
    table = find_pixels(facts, columns, sample, choice) or find_points(facts, columns, sample, choice)
    if table is not None:
        return _read_pixels(table, chain(head, rows), pace)
    beside = Beside(path.resolve().parent, source, watch)
    cells = {column: [row[i] for row in sample] for i, column in enumerate(columns)}
    roles = find_roles(path.name, cells, choice, beside.has)
    for column in (roles.image, roles.audio):
        beside.settle(cells[column] if column is not None else ())
    places: dict[Role, int] = {role: columns.index(column) for role, column in roles.used().items()}
    with Spool(spool) as file:
        taken = Rows(facts, roles, beside, file, config)
        for number, row in chain(head, rows):
            pace(number)
            if isinstance(row, Rejected):
                taken.reject(row)
            else:
                played: dict[Role, Cell] = {role: row[i] for role, i in places.items()}
                taken.add(number, played)
        return taken.finish()


def _read_pixels(table: PixelTable, rows: chain[tuple[int, csvfile.Row]], pace: Pace) -> Dataset:
    for number, row in rows:
        pace(number)
        if isinstance(row, Rejected):
            table.reject(row)
        else:
            table.add(number, row)
    return table.finish()


def _exists(source: str) -> bool:
    try:
        return Path(source).expanduser().exists()
    except (OSError, ValueError, RuntimeError):  # no path of this system, or no such home
        return False
