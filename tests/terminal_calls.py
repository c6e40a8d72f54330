"""GenStudio's commands called as a terminal would, for tests."""

import json

from genstudio import cli

#: A model of a few hundred weights: a step takes a millisecond.
SMALL = ["--network", "mlp", "--width", "4", "--latent-dim", "3", "--batch-size", "16", "--threads", "1"]


def ask_all(capsys, *arguments):
    """Exit status, the JSON object on the last line of stdout (or None), all of stdout, stderr."""
    status = cli.main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    lines = out.splitlines()
    return status, json.loads(lines[-1]) if lines and lines[-1].startswith("{") else None, out, err


def ask(capsys, *arguments):
    """Exit status, the JSON object on the last line of stdout (or None), and stderr."""
    status, answer, _, err = ask_all(capsys, *arguments)
    return status, answer, err


def trained(path, family="vae", data="digits", *arguments, steps=20):
    """A run of a small model at `path`."""
    command = ["train", family, "--data", data, "--out", str(path), "--steps", str(steps), *SMALL, *arguments]
    assert cli.main(command) == 0
    return path
