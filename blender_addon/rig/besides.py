# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What moves a performer's bones besides a take's keys: told, since the take is not seen as it was made then."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

import numpy as np

from .action import key_values
from .bone_channels import escape
from .nla import played_on
from .posed import AT_REST, CLOSE, PLACED

NAMED: Final = 4
"""So many bones are named."""


def warnings_of(armature: Any, bones: Sequence[str], kept: Collection[str] = ()) -> tuple[str, ...]:
    """What is to be told of the mapped bones.

    Args:
        kept: those whose poses are to be kept, where a motion was seen on this very armature.
    """
    found = {
        "constraints move {} besides the keys; mute them, or choose other bones in the bone map": constrained(
            armature, bones
        ),
        "drivers move {} instead of the keys; remove them, or choose other bones in the bone map": driven(
            armature, bones
        ),
        "{} are moved or scaled in your poses and stay so; between them hands and bow may miss the strings": displaced(
            armature, kept
        ),
    }
    return tuple(text.format(_some(names)) for text, names in found.items() if names)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED]) + (" and others" if len(names) > NAMED else "")


def constrained(armature: Any, bones: Collection[str]) -> list[str]:
    """Those of the bones that constraints move too."""
    return [
        name for name in bones if any(not c.mute and c.influence > 0 for c in armature.pose.bones[name].constraints)
    ]


def driven(armature: Any, bones: Collection[str]) -> list[str]:
    """Those of the bones that drivers place, turn or size."""
    data = armature.animation_data
    paths = {curve.data_path for curve in data.drivers if not curve.mute} if data is not None else set()
    return [name for name in bones if any(path in paths for path in _paths(name, AT_REST))]


def displaced(armature: Any, bones: Collection[str]) -> list[str]:
    """Those of the bones that are moved or scaled, now or by keys."""
    curves = [c for played in played_on(armature) if played.curves is not None for c in played.curves.fcurves]
    moved = {c.data_path for c in curves if _away(c)}
    return [
        name
        for name in bones
        if not all(np.allclose(getattr(armature.pose.bones[name], p), AT_REST[p], atol=CLOSE) for p in PLACED)
        or not moved.isdisjoint(_paths(name, PLACED))
    ]


def _paths(bone: str, properties: Collection[str]) -> list[str]:
    return [f'pose.bones["{escape(bone)}"].{prop}' for prop in properties]


def _away(curve: Any) -> bool:
    """Whether a curve of a place or a size has keys that are not at rest."""
    rest = AT_REST.get(curve.data_path.rpartition(".")[2])
    if rest is None or curve.array_index >= len(rest):
        return False
    return bool(np.abs(key_values(curve) - rest[curve.array_index]).max(initial=0.0) > CLOSE)
