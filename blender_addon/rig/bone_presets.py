# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bone maps of rig families, as data: one JSON file each in ``presets/`` (see docs/bone-maps.md). No bpy."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from .bone_names import shared_affixes
from .joints import MAPPABLE, SIDES

FOLDER: Final = Path(__file__).with_name("presets")
VERSION: Final = 1
SEPARATORS: Final = ":|/"
"""What ends a namespace, in front of a bone's own name."""
FIELDS: Final = {"version", "name", "label", "prefixes", "sides", "required", "absent", "bones", "parents", "settings"}


class PresetError(ValueError):
    """A preset file that cannot be used: the message names the file and the field."""


@dataclass(frozen=True)
class Preset:
    """A family of rigs that name their bones alike.

    Attributes:
        name: stable, saved with the bone maps that follow it.
        label: for people.
        bones: joint -> names; the first that a rig has is taken.
        required: joints whose bones a rig of the family has.
        absent: bones that a rig of the family does not have.
        prefixes: beginnings of all names that exporters add; a namespace ("x:") needs no mention.
        parents: bone -> names of the bone that carries it in effect; the first that a rig has (control rigs).
        settings: (bone, custom property, value) needed while performing (control rigs).
    """

    name: str
    label: str
    bones: Mapping[str, tuple[str, ...]] = field(repr=False)
    required: tuple[str, ...] = field(repr=False)
    absent: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    parents: Mapping[str, tuple[str, ...]] = field(repr=False, default_factory=dict)
    settings: tuple[tuple[str, str, float], ...] = field(repr=False, default=())


@dataclass(frozen=True)
class Followed:
    """A preset on a rig: the rig's own bones by joint, and what else its control bones need."""

    preset: str
    bones: dict[str, str]
    parents: dict[str, str]
    settings: tuple[tuple[str, str, float], ...]


@cache
def presets() -> tuple[Preset, ...]:
    """All presets of the folder, by name."""
    return tuple(read_preset(path) for path in sorted(FOLDER.glob("*.json")))


def read_preset(path: Path) -> Preset:
    """Read one preset file.

    Raises:
        PresetError: when it is none, or a field is wrong.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return _preset(data)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise PresetError(f"{path.name}: {error}; see docs/bone-maps.md for what a preset needs") from error


def _preset(data: Mapping[str, Any]) -> Preset:
    unknown = sorted(set(data) - FIELDS)
    if unknown or data["version"] != VERSION:
        raise ValueError(f"unknown fields {unknown}" if unknown else f"version must be {VERSION}")
    sides = data.get("sides", {side: side for side in SIDES})
    bones = dict(_both_sides(data["bones"], sides))
    wrong = sorted(set(bones) - set(MAPPABLE))
    if wrong:
        raise ValueError(f"bones names joints that do not exist: {', '.join(wrong)}")
    required = tuple(j for short in data["required"] for j in bones if j == short or j.partition("_")[2] == short)
    if not required:
        raise ValueError("required names no joint")
    settings = [
        (bone.format(side=s), key, float(v)) for bone, key, v in data.get("settings", []) for s in sides.values()
    ]
    return Preset(
        data["name"],
        data["label"],
        bones,
        required,
        tuple(data.get("absent", ())),
        tuple(data.get("prefixes", ())),
        {b: names for s in sides.values() for b, names in _parents(data.get("parents", {}), s)},
        tuple(dict.fromkeys(settings)),
    )


def _both_sides(bones: Mapping[str, Any], sides: Mapping[str, str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(joint, names); a joint written without its side stands for both, with ``{side}`` in its names."""
    for joint, names in bones.items():
        names = (names,) if isinstance(names, str) else tuple(names)
        if joint in MAPPABLE:
            yield joint, names
            continue
        for side in SIDES:
            yield f"{side}_{joint}", tuple(name.format(side=sides[side]) for name in names)


def _parents(parents: Mapping[str, Any], side: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for bone, names in parents.items():
        names = (names,) if isinstance(names, str) else tuple(names)
        yield bone.format(side=side), tuple(name.format(side=side) for name in names)


def match_preset(bones: Sequence[str]) -> Followed | None:
    """The preset whose names a rig has; of several, the one that maps most joints."""
    own = {name.casefold(): name for name in reversed(bones)}
    shared = shared_affixes(list(own))
    found = [
        followed
        for preset in presets()
        for affixes in _affixes(preset, own, shared)
        if (followed := _follow(preset, affixes, own))
    ]
    return max(found, key=lambda followed: len(followed.bones), default=None)


def _affixes(preset: Preset, own: Mapping[str, str], shared: tuple[str, str]) -> set[tuple[str, str]]:
    """What may stand before and after the family's names in this rig, case folded.

    Prefixes that the preset allows, namespaces, and what nearly all names of the rig share.
    """
    allowed = {"", *(prefix.casefold() for prefix in preset.prefixes)}
    found = set()
    for name in preset.bones[preset.required[0]]:
        for bone in own:
            prefix, middle, suffix = bone.rpartition(name.casefold())
            known = prefix in allowed or prefix[-1:] in SEPARATORS or shared[0].startswith(prefix)
            if middle and known and shared[1].endswith(suffix):
                found.add((prefix, suffix))
    return found


def _follow(preset: Preset, affixes: tuple[str, str], own: Mapping[str, str]) -> Followed | None:
    prefix, suffix = affixes

    def first(names: Sequence[str]) -> str | None:
        wanted = (prefix + name.casefold() + suffix for name in names)
        return next((own[name] for name in wanted if name in own), None)

    if first(preset.absent) or any(first(preset.bones[joint]) is None for joint in preset.required):
        return None
    bones: dict[str, str] = {}
    for joint, names in preset.bones.items():
        bone = first(names)
        if bone is not None and bone not in bones.values():
            bones[joint] = bone
    parents = {first([bone]): first(names) for bone, names in preset.parents.items()}
    settings = ((first([bone]), name, value) for bone, name, value in preset.settings)
    return Followed(
        preset.name,
        bones,
        {a: b for a, b in parents.items() if a is not None and b is not None},
        tuple((bone, name, value) for bone, name, value in settings if bone is not None),
    )
