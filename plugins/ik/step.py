# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The ``ik`` post-step: completes a motion of which only the distal joints are known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from plugins.api import Array, ComponentError, JobContext, Motion, PostStep
from plugins.api import rotations as rot
from plugins.ik.body import Pose
from plugins.ik.limbs import solve_arm, solve_fingers, solve_leg, solve_trunk

SIDES = ("left", "right")
NEEDED = ("hips", "left_hand", "right_hand", "left_foot", "right_foot", "left_toes", "right_toes")


class InverseKinematics(PostStep):
    """Finds elbows, knees, shoulders, the spine and all finger joints from hands, fingertips,
    feet and hips, with bones of constant length, and the local rotations of every joint."""

    name = "ik"
    label = "Inverse kinematics"
    reads = "hips, hands, knuckles, fingertips, feet, toes; trunk rotations; elbows as hints; what is missing is NaN"
    writes = "positions and local rotations of all joints; held props keep their place"

    class Options(PostStep.Options):
        """No options."""

    def apply(self, motion: Motion, options: Any, context: JobContext) -> Motion:
        context.progress(0.0, "Solving the body")
        skeleton = motion.skeleton
        missing = [j for j in NEEDED if j not in skeleton]
        if missing:
            raise ComponentError(f"inverse kinematics needs the joints {', '.join(missing)} in {skeleton.name!r}")
        pose = Pose(skeleton, motion.positions, motion.rotations)
        unknown = [j for j in NEEDED if not pose.knows(j)]
        if unknown:
            raise ComponentError(f"the motion does not say where these joints are: {', '.join(unknown)}")
        solve_trunk(pose)
        for side in SIDES:
            solve_leg(pose, side)
            solve_arm(pose, side)
            context.check_cancelled()
            solve_fingers(pose, side)
        _turn_props(pose)
        local = pose.local_rotations()
        positions = np.where(np.isfinite(pose.given), pose.given, 0.0)
        positions, _ = skeleton.forward_kinematics(local, positions)
        context.progress(1.0, "Solved the body")
        return replace(motion, positions=positions, rotations=local)


def _turn_props(pose: Pose) -> None:
    """A held prop turns as the motion says (relative to what holds it), else as its points lie."""
    skeleton = pose.skeleton
    for held in skeleton.held:
        joint = skeleton.joints[held]
        local = pose.given_local(joint)
        if local is not None:
            pose.turn(joint, rot.multiply(pose.rotation(pose.parent(joint)), local))
            continue
        points = [c for c in skeleton.children(held) if np.isfinite(pose.given[:, c]).all()]
        if points:
            lines = [(skeleton.offsets[c], pose.given[:, c] - pose.given[:, held]) for c in (points[0], points[-1])]
            pose.turn(joint, _from_points(*lines))


def _from_points(first: tuple[Array, Array], second: tuple[Array, Array]) -> Array:
    """World rotation from two rest offsets and where they point now; one line alone leaves the roll as at rest."""
    if np.linalg.norm(np.cross(first[0], second[0])) > 1e-6:
        return rot.from_directions(first[0], second[0], first[1], second[1])
    return rot.between(np.broadcast_to(first[0], first[1].shape), first[1])
