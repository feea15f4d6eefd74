# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bone of a rig is which joint of ours: guessed, completed, corrected by hand, saved as JSON. No bpy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from .bone_guess import PRESET, complete, guess
from .bone_mirror import mirrored_bones
from .bone_presets import match_preset
from .joints import ESSENTIAL, MAPPABLE, other_side
from .rest_pose import RestPose

__all__ = ["MAPPABLE", "BoneMap", "BoneMapError", "essential_missing", "guess_bone_map"]

VERSION: Final = 1


class BoneMapError(ValueError):
    """A bone map that cannot be used: the message says what is wrong and what to do."""


@dataclass(frozen=True)
class BoneMap:
    """Bones by joint.

    Attributes:
        bones: joint -> bone; a joint that the rig lacks is absent, and no bone serves twice.
        confidence: joint -> 0 to 1; a choice by hand is 1.
        preset: name of the preset followed, "" when guessed by names and structure.
        parents: bone -> the bone that carries it in effect, where a control rig's hierarchy does not say.
        settings: (bone, custom property, value) that a control rig needs while it performs.
    """

    bones: Mapping[str, str]
    confidence: Mapping[str, float]
    preset: str = ""
    parents: Mapping[str, str] = field(default_factory=dict)
    settings: tuple[tuple[str, str, float], ...] = ()

    def with_bone(self, joint: str, bone: str | None) -> BoneMap:
        """The map after a choice by hand: ``bone`` for ``joint`` (taken from another joint that had it), or none."""
        if joint not in MAPPABLE:
            raise BoneMapError(f"there is no joint {joint!r}; the joints are {', '.join(MAPPABLE)}")
        bones = {j: b for j, b in self.bones.items() if j != joint and b != bone}
        confidence = {j: c for j, c in self.confidence.items() if j in bones}
        if bone is not None:
            bones[joint], confidence[joint] = bone, 1.0
        return replace(self, bones=_ordered(bones), confidence=_ordered(confidence))

    def mirrored(self, rest: RestPose) -> BoneMap:
        """The map with each side's missing joints filled from the other side's choices.

        The other side's bone is found by its name, else by where it lies. What is mapped stays.
        """
        bones, confidence = dict(self.bones), dict(self.confidence)
        for joint, (bone, sure) in mirrored_bones(rest, bones).items():
            bones[joint], confidence[joint] = bone, sure * confidence.get(other_side(joint), 1.0)
        return replace(self, bones=_ordered(bones), confidence=_ordered(confidence))

    def to_json(self) -> str:
        data = {
            "version": VERSION,
            "preset": self.preset,
            "bones": dict(self.bones),
            "confidence": {joint: round(float(c), 3) for joint, c in self.confidence.items()},
            "parents": dict(self.parents),
            "settings": [list(setting) for setting in self.settings],
        }
        return json.dumps(data, indent=2, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> BoneMap:
        """Read a saved map.

        Raises:
            BoneMapError: when the text is no bone map of ours.
        """
        try:
            data = json.loads(text)
        except ValueError as error:
            raise BoneMapError(f"not a bone map: {error}; choose a JSON file that was saved as a bone map") from error
        return _checked(data)


def _ordered(values: Mapping[str, Any]) -> dict[str, Any]:
    """By joint, in the order of MAPPABLE."""
    return {joint: values[joint] for joint in MAPPABLE if joint in values}


def _checked(data: Any) -> BoneMap:
    if not isinstance(data, dict) or "bones" not in data:
        raise BoneMapError('not a bone map: it has no "bones"; choose a JSON file that was saved as a bone map')
    if data.get("version") != VERSION:
        raise BoneMapError(
            f"this bone map has version {data.get('version')!r}, this add-on reads {VERSION}; "
            "save it again with this version, or update the add-on"
        )
    bones, parents = _texts(data, "bones"), _texts(data, "parents")
    unknown = sorted(set(bones) - set(MAPPABLE))
    if unknown:
        raise BoneMapError(f"the bone map names joints that do not exist: {', '.join(unknown)}; rename or remove them")
    twice = sorted({b for b in bones.values() if list(bones.values()).count(b) > 1})
    if twice:
        raise BoneMapError(f"the bone map uses bones twice: {', '.join(twice)}; keep one joint for each")
    preset = data.get("preset", "")
    if not isinstance(preset, str):
        raise BoneMapError('"preset" of the bone map must be a text')
    return BoneMap(_ordered(bones), _ordered(_confidences(data, bones)), preset, parents, _settings(data))


def _texts(data: Mapping[str, Any], name: str) -> dict[str, str]:
    table = data.get(name, {})
    if not isinstance(table, dict) or not all(isinstance(v, str) and v and k for k, v in table.items()):
        raise BoneMapError(f'"{name}" of the bone map must be a table of names, each with the name of a bone')
    return dict(table)


def _confidences(data: Mapping[str, Any], bones: Mapping[str, str]) -> dict[str, float]:
    table = data.get("confidence", {})
    if not isinstance(table, dict):
        raise BoneMapError('"confidence" of the bone map must be a table of numbers from 0 to 1')
    values = {joint: table.get(joint, 1.0) for joint in bones}
    for joint, value in values.items():
        if not _is_number(value) or not 0.0 <= value <= 1.0:
            raise BoneMapError(f"the confidence of {joint} is {value!r}; it must be a number from 0 to 1")
    return {joint: float(value) for joint, value in values.items()}


def _settings(data: Mapping[str, Any]) -> tuple[tuple[str, str, float], ...]:
    rows = data.get("settings", [])
    if not isinstance(rows, list):
        raise BoneMapError('"settings" of the bone map must be a list of [bone, property, value]')
    for row in rows:
        if not (
            isinstance(row, list) and len(row) == 3 and all(isinstance(x, str) for x in row[:2]) and _is_number(row[2])
        ):
            raise BoneMapError(f"a setting of the bone map is {row!r}; it must be [bone, property, value]")
    return tuple((str(bone), str(name), float(value)) for bone, name, value in rows)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def essential_missing(bone_map: BoneMap) -> list[str]:
    """Joints without which nothing can be generated (hips and arms), for a message."""
    return [joint for joint in ESSENTIAL if joint not in bone_map.bones]


def guess_bone_map(rest: RestPose) -> BoneMap:
    """The most likely map of a rig: by a preset, else by names and structure. Never raises for an odd rig."""
    followed = match_preset(rest.bones)
    if followed is not None and followed.parents:  # controls: their hierarchy says nothing
        sure = dict.fromkeys(followed.bones, PRESET)
        return BoneMap(_ordered(followed.bones), _ordered(sure), followed.preset, followed.parents, followed.settings)
    found = guess(rest) if followed is None else complete(rest, followed.bones)
    bones = {joint: bone for joint, (bone, _) in found.items()}
    confidence = {joint: sure for joint, (_, sure) in found.items()}
    return BoneMap(bones, confidence, followed.preset if followed else "")
