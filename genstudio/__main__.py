"""``genstudio``: the window by default, a sub-command when one is named."""

from __future__ import annotations

import sys


def main() -> int:
    """Entry point of the ``genstudio`` command and of ``python -m genstudio``; returns the exit status."""
    from genstudio import cli

    return cli.main(sys.argv[1:])


if __name__ == "__main__":
    raise SystemExit(main())
