# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""One body's pose, joint by joint: what is known, and the world rotations found so far."""

from __future__ import annotations

import numpy as np

from plugins.api import Array, Skeleton
from plugins.api import rotations as rot


class Pose:
    """Positions and world rotations of a skeleton over T frames, filled in from the root outwards.

    ``given`` and ``given_rotations`` hold what the motion brought (NaN where unknown);
    ``world`` holds the world rotations decided so far, ``at`` the positions that follow.
    """

    def __init__(self, skeleton: Skeleton, positions: Array, rotations: Array | None) -> None:
        self.skeleton = skeleton
        self.given = _without_gaps(np.array(positions, dtype=np.float64))
        frames, joints = self.given.shape[:2]
        self.given_rotations = (
            np.full((frames, joints, 4), np.nan) if rotations is None else np.asarray(rotations, dtype=np.float64)
        )
        self.world = np.full((frames, joints, 4), np.nan)
        self.at = np.full((frames, joints, 3), np.nan)

    def __len__(self) -> int:
        return len(self.given)

    def knows(self, joint: str) -> bool:
        """Whether the motion brought this joint's position in every frame."""
        return joint in self.skeleton and bool(np.isfinite(self.target(joint)).all())

    def target(self, joint: str) -> Array:
        """(T, 3) the position that the motion asks for."""
        return self.given[:, self.skeleton.index(joint)]

    def position(self, joint: str) -> Array:
        """(T, 3) the position decided."""
        return self.at[:, self.skeleton.index(joint)]

    def rotation(self, joint: str) -> Array:
        """(T, 4) the world rotation decided."""
        return self.world[:, self.skeleton.index(joint)]

    def rest(self, joint: str) -> Array:
        """(3,) rest offset from the parent."""
        return self.skeleton.offsets[self.skeleton.index(joint)]

    def length(self, joint: str) -> float:
        """Length of the bone that ends at this joint."""
        return float(np.linalg.norm(self.rest(joint)))

    def parent(self, joint: str) -> str:
        return self.skeleton.joints[self.skeleton.parents[self.skeleton.index(joint)]]

    def place(self, joint: str) -> Array:
        """Put a joint where its parent carries it; returns the position."""
        parent = self.parent(joint)
        index = self.skeleton.index(joint)
        self.at[:, index] = self.position(parent) + rot.rotate(self.rotation(parent), self.rest(joint))
        return self.at[:, index]

    def turn(self, joint: str, world: Array) -> None:
        """Decide a joint's world rotation."""
        self.world[:, self.skeleton.index(joint)] = world

    def given_local(self, joint: str) -> Array | None:
        """(T, 4) local rotation that the motion brought, or None."""
        local = self.given_rotations[:, self.skeleton.index(joint)]
        return local if np.isfinite(local).all() else None

    def local_rotations(self) -> Array:
        """(T, J, 4) local rotations; joints that nothing turned follow their parents."""
        local = np.zeros_like(self.world)
        local[..., 0] = 1.0
        for i, parent in enumerate(self.skeleton.parents):
            mine = self.world[:, i]
            above = self.world[:, parent] if parent >= 0 else np.broadcast_to(rot.IDENTITY, mine.shape)
            # Leaves and untouched joints have no rotation of their own.
            if not np.isfinite(mine).all():
                self.world[:, i] = above
                continue
            local[:, i] = rot.multiply(rot.conjugate(above), mine)
        return rot.unroll(local)


def _without_gaps(positions: Array) -> Array:
    """(T, J, 3) with joints that are known in some frames only filled in between, linearly."""
    missing = ~np.isfinite(positions).all(axis=-1)
    frames = np.arange(len(positions))
    for joint in np.nonzero(missing.any(axis=0) & ~missing.all(axis=0))[0]:
        known = ~missing[:, joint]
        for axis in range(3):
            positions[:, joint, axis] = np.interp(frames, frames[known], positions[known, joint, axis])
    return positions
