# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Skeletons: named joints in a tree, with their rest offsets and roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np

from . import rotations as rot
from .rotations import Array

ROLES: Final = ("body", "hand", "prop")


class SkeletonError(ValueError):
    """A skeleton that cannot be used: the message names the joint and the reason."""


@dataclass(frozen=True, eq=False)
class Skeleton:
    """A tree of joints in the rest pose (metres; Z up; facing -Y; left hand on +X).

    Joints come after their parents. Every joint's rest orientation is the
    identity, so a local rotation acts in the parent's axes.

    Attributes:
        name: stable identifier, for example ``"violinist"``.
        joints: J unique names.
        parents: J indices of parents, -1 for the root (joint 0).
        offsets: (J, 3) rest position of each joint relative to its parent.
        roles: J of ``body``, ``hand`` or ``prop``. A prop whose parent is not a
            prop is held, not attached: it keeps its shape but may move
            relative to its parent, so its position is read from the motion.
    """

    name: str
    joints: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: Array = field(repr=False)
    roles: tuple[str, ...] = field(repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "offsets", np.array(self.offsets, dtype=np.float64))
        count = len(self.joints)
        if not count:
            raise SkeletonError(f"skeleton {self.name!r} has no joints")
        if len(set(self.joints)) != count:
            twice = sorted({j for j in self.joints if self.joints.count(j) > 1})
            raise SkeletonError(f"skeleton {self.name!r} names joints twice: {', '.join(twice)}")
        if (len(self.parents), len(self.roles), self.offsets.shape) != (count, count, (count, 3)):
            raise SkeletonError(f"skeleton {self.name!r}: joints, parents, offsets and roles differ in length")
        if not np.isfinite(self.offsets).all():
            raise SkeletonError(f"skeleton {self.name!r} has offsets that are not finite")
        for i, (joint, parent, role) in enumerate(zip(self.joints, self.parents, self.roles, strict=True)):
            if role not in ROLES:
                raise SkeletonError(f"joint {joint!r} has the role {role!r}; known are {', '.join(ROLES)}")
            if not (parent == -1 if i == 0 else 0 <= parent < i):
                raise SkeletonError(f"joint {joint!r} must come after its parent (parent index {parent})")

    @classmethod
    def build(cls, name: str, joints: Sequence[tuple[str, str | None, Sequence[float], str]]) -> Skeleton:
        """Make a skeleton from rows of (joint, parent or None, offset, role)."""
        names = [row[0] for row in joints]
        for joint, parent, *_ in joints:
            if parent is not None and parent not in names:
                raise SkeletonError(f"joint {joint!r} has the parent {parent!r}, which is no joint of {name!r}")
        parents = tuple(-1 if row[1] is None else names.index(row[1]) for row in joints)
        offsets = np.array([row[2] for row in joints], dtype=np.float64)
        return cls(name, tuple(names), parents, offsets, tuple(row[3] for row in joints))

    def __len__(self) -> int:
        return len(self.joints)

    def __contains__(self, joint: object) -> bool:
        return joint in self._indices

    @cached_property
    def _indices(self) -> dict[str, int]:
        return {joint: i for i, joint in enumerate(self.joints)}

    def index(self, joint: str) -> int:
        """Index of a joint; SkeletonError when there is none of that name."""
        try:
            return self._indices[joint]
        except KeyError:
            raise SkeletonError(f"skeleton {self.name!r} has no joint {joint!r}") from None

    def children(self, joint: int) -> list[int]:
        return [i for i, parent in enumerate(self.parents) if parent == joint]

    @cached_property
    def held(self) -> tuple[int, ...]:
        """Indices of props that are held by a body joint (see ``roles``)."""
        return tuple(
            i for i, p in enumerate(self.parents) if self.roles[i] == "prop" and p >= 0 and self.roles[p] != "prop"
        )

    @cached_property
    def rest_positions(self) -> Array:
        """(J, 3) positions of the rest pose."""
        positions = self.offsets.copy()
        for i, parent in enumerate(self.parents):
            if parent >= 0:
                positions[i] += positions[parent]
        return positions

    def forward_kinematics(self, rotations: Array, positions: Array) -> tuple[Array, Array]:
        """Positions and global rotations from local rotations.

        Args:
            rotations: (T, J, 4) local rotations, wxyz.
            positions: (T, J, 3) positions; only the root and held props are read.

        Returns:
            (T, J, 3) positions and (T, J, 4) global rotations.
        """
        world = self.world_rotations(rotations)
        out = np.array(positions, dtype=np.float64)
        for i, parent in enumerate(self.parents):
            if parent >= 0 and i not in self.held:
                out[:, i] = out[:, parent] + rot.rotate(world[:, parent], self.offsets[i])
        return out, world

    def world_rotations(self, rotations: Array) -> Array:
        """(T, J, 4) global rotations from local ones."""
        # Joints first, so that one joint's frames lie side by side in memory.
        world = np.array(np.moveaxis(rotations, 1, 0), dtype=np.float64, order="C")
        for i, parent in enumerate(self.parents):
            if parent >= 0:
                world[i] = rot.multiply(world[parent], world[i])
        return np.moveaxis(world, 0, 1)

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "joints": list(self.joints),
            "parents": list(self.parents),
            "offsets": self.offsets.tolist(),
            "roles": list(self.roles),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Skeleton:
        try:
            return cls(
                str(data["name"]),
                tuple(map(str, data["joints"])),
                tuple(map(int, data["parents"])),
                np.array(data["offsets"], dtype=np.float64),
                tuple(map(str, data["roles"])),
            )
        except SkeletonError:
            raise
        except (KeyError, TypeError, ValueError) as error:
            raise SkeletonError(f"not a skeleton: {error}") from error

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Skeleton) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.name, self.joints))
