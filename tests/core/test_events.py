"""Events cross threads: they are frozen and hold nothing that training could change behind a reader's back."""

import ast
import dataclasses
import inspect
import typing
from types import NoneType

import numpy as np
import pytest

from genstudio.core import events

KINDS = typing.get_args(events.Event)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_event_is_frozen_and_small(kind):
    assert kind.__dataclass_params__.frozen
    assert not hasattr(kind, "__dict__") or "__slots__" in vars(kind)
    first = dataclasses.fields(kind)[0].name
    event = object.__new__(kind)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(event, first, 1)


def test_every_event_class_of_the_module_is_in_the_union():
    declared = {c for _, c in inspect.getmembers(events, dataclasses.is_dataclass) if c.__module__ == events.__name__}
    assert declared - set(KINDS) == {events.Curve}


def test_events_know_neither_tensors_nor_widgets():
    tree = ast.parse(inspect.getsource(events))
    imported = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    imported |= {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert not {name.split(".")[0] for name in imported} & {"torch", "PySide6", "pyqtgraph"}


def test_defaults():
    gallery = events.Gallery("samples", 3, np.zeros((1, 8, 8, 1), np.uint8))
    assert isinstance(gallery.inputs, NoneType)
    assert gallery.caption == ""
    assert events.Advice(1, "c", "t", "x").remedy == {}
    assert events.Progress.slot == "progress"
