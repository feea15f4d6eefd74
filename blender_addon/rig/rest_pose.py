# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An armature's rest pose as arrays. No bpy: ``armature.py`` reads it from Blender."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ..core.rotations import Array


@dataclass(frozen=True, eq=False)
class RestPose:
    """Bones at rest, in the armature's own space and units; parents come before their children.

    Attributes:
        name: of the armature.
        bones: B unique names.
        parents: B indices of parents, -1 for roots.
        heads, tails: (B, 3).
        rotations: (B, 4) rest orientation, wxyz: local Y runs from head to tail.
        deform: B, whether a bone moves the mesh.
        rotation_modes: B of Blender's rotation modes ("QUATERNION", "XYZ", ..., "AXIS_ANGLE").
        inherits: B, whether a bone turns with its parent (``use_inherit_rotation``).
        local: B, whether a bone's location runs along its own axes (``use_local_location``), else its parent's.
        world: (4, 4) the object's matrix in the scene.
        connected: B, whether a bone's head stays at its parent's tail (``use_connect``); none when left out.
    """

    name: str
    bones: tuple[str, ...]
    parents: tuple[int, ...]
    heads: Array = field(repr=False)
    tails: Array = field(repr=False)
    rotations: Array = field(repr=False)
    deform: tuple[bool, ...] = field(repr=False)
    rotation_modes: tuple[str, ...] = field(repr=False)
    inherits: tuple[bool, ...] = field(repr=False)
    local: tuple[bool, ...] = field(repr=False)
    world: Array = field(repr=False, default_factory=lambda: np.eye(4))
    connected: tuple[bool, ...] = field(repr=False, default=())

    def __post_init__(self) -> None:
        if not self.connected:
            object.__setattr__(self, "connected", (False,) * len(self.bones))

    def __len__(self) -> int:
        return len(self.bones)

    def __contains__(self, bone: object) -> bool:
        return bone in self._indices

    @cached_property
    def _indices(self) -> dict[str, int]:
        return {bone: i for i, bone in enumerate(self.bones)}

    def index(self, bone: str) -> int:
        """Index of a bone; KeyError when there is none of that name."""
        return self._indices[bone]

    @cached_property
    def children(self) -> tuple[tuple[int, ...], ...]:
        """B tuples of the indices of a bone's children."""
        below: list[list[int]] = [[] for _ in self.bones]
        for i, parent in enumerate(self.parents):
            if parent >= 0:
                below[parent].append(i)
        return tuple(map(tuple, below))

    def ancestors(self, bone: int) -> list[int]:
        """Indices from a bone's parent up to its root."""
        found = []
        while (bone := self.parents[bone]) >= 0:
            found.append(bone)
        return found
