"""How arguments are read: a parser that speaks in sentences, numbers with bounds, knobs as flags."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from genstudio.core.config import Config, Knob, Value, parse_text
from genstudio.core.errors import InputError


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
    group: Any, config: type[Config], skip: frozenset[str] | set[str] = frozenset(), prefix: str = "knob"
) -> None:
    """Add a flag for each knob but those in `skip`; its value, None if not given, is called ``PREFIX_NAME``."""
    for knob in config.knobs():
        if knob.name in skip:
            continue
        metavar = "{" + ",".join(knob.choices) + "}" if knob.choices else knob.kind.upper()
        text = knob.describe().replace("%", "%%")
        flag = "--" + knob.name.replace("_", "-")
        group.add_argument(flag, dest=f"{prefix}_{knob.name}", type=_typed(knob), metavar=metavar, help=text)


def _typed(knob: Knob) -> Callable[[str], Value]:
    def parse(text: str) -> Value:
        try:
            return parse_text(knob, text)
        except InputError as error:
            raise argparse.ArgumentTypeError(str(error).rstrip(".")) from None

    return parse
