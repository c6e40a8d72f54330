"""All families as plain data."""

from __future__ import annotations

from genstudio.core.spec import TrainingConfig
from genstudio.engine.family_info import FamilyInfo, PresetInfo
from genstudio.models import families


def catalog() -> dict[str, FamilyInfo]:
    """All families by name. Imports torch: call it where a second does not matter."""
    result: dict[str, FamilyInfo] = {}
    for name in families:
        entry, family = families.entry(name), families.load(name)
        knobs = (*family.Config.knobs(), *TrainingConfig.knobs())
        defaults = {knob.name: knob.default for knob in knobs}
        presets = tuple(
            PresetInfo(key, preset.title, preset.summary, {**defaults, **preset.knobs, **preset.training})
            for key, preset in family.presets.items()
        )
        codes = hasattr(family, "draw_codes")
        result[name] = FamilyInfo(name, entry.title, entry.summary, knobs, presets, family.curves, codes)
    return result
