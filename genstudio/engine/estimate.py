"""What a long run will cost, as measured by a short one; importing this needs no torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """The result of a preflight.

    Attributes
    ----------
    seconds_per_1000 : float
        Training time of 1,000 steps, in seconds, pictures and checkpoints included.
    total_seconds : float or None
        Time to the end of the planned steps or minutes; None when it goes on until stopped.
    samples_per_second : float
    memory : int
        Bytes that this process needed at its peak during the dry run.
    disk : int
        Bytes that the run will take at its end.
    largest_batch : int
        The largest batch (a power of two times the asked one, or less) that is expected to fit into memory.
    device, precision : str
        Where and how it was measured: "CPU, 1 thread", "fp32".
    notes : tuple of str
        What a person should know before starting, in sentences: a disk that is too small, a day that is too long.
    """

    seconds_per_1000: float
    total_seconds: float | None
    samples_per_second: float
    memory: int
    disk: int
    largest_batch: int
    device: str
    precision: str
    notes: tuple[str, ...] = ()
