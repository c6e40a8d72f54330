"""The two kinds of failure that a person can do something about."""


class GenStudioError(Exception):
    """Base of the errors whose message is shown to a person as it stands.

    The message is one sentence or two: what went wrong, in which file or setting, and what helps.
    """


class InputError(GenStudioError, ValueError):
    """What was given is wrong: a file, a setting, a name. The command line exits with 2."""


class WorkError(GenStudioError, RuntimeError):
    """The work itself failed: disk full, damaged run, diverged training. The command line exits with 1."""


class Cancelled(GenStudioError):  # noqa: N818 - nothing went wrong
    """Somebody asked to stop preparing; nothing half done is left."""
