"""How arguments are read: a parser that speaks in sentences, numbers with bounds, knobs as flags."""

from __future__ import annotations

import argparse
import shutil
import textwrap
from collections.abc import Callable, Mapping
from typing import Any

from genstudio.core.config import Config, Knob, Value, parse_text
from genstudio.core.errors import InputError
from genstudio.core.words import setting

_COLUMN = 26  # where the text of a help page begins


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, like every other error, and exits with 2."""

    def error(self, message: str) -> Any:
        raise InputError(f"{message}. See “{self.prog} --help”.")


def whole(low: int, high: int) -> Callable[[str], int]:
    """A reader of whole numbers from `low` to `high`."""

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"it is a whole number, not “{text[:40]}”") from None
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"it goes from {low:,} to {high:,}; {text[:40]} is outside")
        return value

    return parse


seed, count = whole(0, 2**31 - 1), whole(1, 10_000_000)


def family_name(name: str) -> str:
    """A name in the registry of families."""
    from genstudio.models import families

    try:
        families.entry(name)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error).rstrip(".")) from None
    return name


def add_knobs(
    parser: argparse.ArgumentParser, config: type[Config], skip: frozenset[str] | set[str] = frozenset(),
    prefix: str = "knob", hidden: bool = False,
) -> None:  # fmt: skip
    """Add a flag for each knob but those in `skip`, in the groups of a form; its value, None if not given, is called
    ``PREFIX_NAME``. Hidden ones work and are not on the help page.
    """
    groups: dict[str, list[Knob]] = {}
    for knob in config.knobs():
        if knob.name not in skip:
            groups.setdefault(knob.group, []).append(knob)
    for title in sorted(groups, key=lambda title: (title == "Optimizer") - (title == "Model")):
        group = parser.add_argument_group(title.lower())
        for knob in groups[title]:
            group.add_argument(
                flag(knob.name), dest=f"{prefix}_{knob.name}", type=_typed(knob), metavar=_metavar(knob),
                help=argparse.SUPPRESS if hidden else explained(knob).replace("%", "%%"),
            )  # fmt: skip


def flag(name: str) -> str:
    """The flag of a knob."""
    return "--" + name.replace("_", "-")


def explained(knob: Knob) -> str:
    """The help of a knob, then in brackets what is allowed, what 0 means, the default, and whether it is live."""
    notes = []
    if knob.low is not None and knob.high is not None:
        notes.append(f"{_number(knob.low)} to {_number(knob.high)} {knob.unit}".rstrip())
    if knob.zero_means:
        notes.append(f"0: {knob.zero_means}")
    shown = ("yes" if knob.default else "no") if knob.kind == "bool" else setting(knob.default)
    notes.append(f"default {shown}")
    return f"{knob.help} [{'; '.join([*notes, 'live'] if knob.live else notes)}]"


def _number(value: float) -> str:
    """ "1,000,000", "0.001"."""
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"


def listed(rows: Mapping[str, str]) -> str:
    """Names and what they mean as two columns, for a group of a help page."""
    column = " " * (_COLUMN - 2)  # the page indents the group
    width = max(60, shutil.get_terminal_size().columns - 4)
    lines = []
    for name, text in rows.items():
        wrapped = textwrap.fill(text, width, initial_indent=column, subsequent_indent=column)
        lines.append(f"{name:<{len(column) - 1}} {wrapped.lstrip()}")
    return "\n".join(lines)


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Help pages with one column for flags; descriptions keep their lines."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=_COLUMN)


def _metavar(knob: Knob) -> str:
    if knob.choices:
        return "{" + ",".join(knob.choices) + "}"
    return {"bool": "yes|no", "int": "N", "float": "X"}[knob.kind]


def _typed(knob: Knob) -> Callable[[str], Value]:
    def parse(text: str) -> Value:
        try:
            return parse_text(knob, text)
        except InputError as error:
            raise argparse.ArgumentTypeError(str(error).rstrip(".")) from None

    return parse
