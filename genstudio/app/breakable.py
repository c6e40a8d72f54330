"""Lets Qt break a line inside a long file name."""

from __future__ import annotations

import re

_LONGEST = 16  # letters that stay together; a field's width holds as many of the widest
_RUN = re.compile(rf"\S{{{_LONGEST}}}(?=\S)")


def breakable(text: str) -> str:
    """`text` with invisible places to break in words that no line could hold."""
    return _RUN.sub(lambda run: run[0] + "\u200b", text)
