# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The body of a motion of any character, as the performer's own skeleton would move: read once, K frames.

Turns count from the rest pose, so that they are the same on every body. Places are scaled by the legs, about where a
body stands at rest, exactly as the add-on scales a performance onto a character, the other way round.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from plugins.api import Array, ComponentError, Motion, Skeleton
from plugins.api import rotations as rot
from plugins.performer.curves import Floats

TRUNK: Final = ("hips", "spine", "chest", "upper_chest", "neck", "head")
SIDES: Final = ("left", "right")
LEG: Final = ("upper_leg", "lower_leg", "foot")
AROUND: Final = 0.5
"""Seconds before and after the music within which poses count."""


@dataclass(frozen=True, eq=False)
class GivenBody:
    """What a body does in the frames in which it was seen or posed.

    Attributes:
        times: (K,) seconds of the recording, rising.
        whole: whether there are no gaps between them.
        hips: (K, 3) metres.
        turns: joint of the trunk -> (K, 4) in the world.
        feet: side -> ankle and toes, (K, 3); empty for bodies without legs.
    """

    times: Floats = field(repr=False)
    whole: bool
    hips: Array = field(repr=False)
    turns: dict[str, Array] = field(repr=False)
    feet: dict[str, tuple[Array, Array]] = field(repr=False)


def read_body(motion: Motion, skeleton: Skeleton, first: float, last: float) -> GivenBody:
    """The body of a motion while music sounds, on ``skeleton``.

    Args:
        motion: with rotations; frames that nobody posed are NaN.
        first, last: seconds of the recording.

    Raises:
        ComponentError: with what to do.
    """
    there = [joint for joint in TRUNK if joint in motion.skeleton]
    if motion.rotations is None or there[:1] != ["hips"] or len(there) < 2:
        raise ComponentError(
            "the body to follow needs hips and a spine, with rotations; points alone cannot be followed: give a motion "
            "that was watched in Blender or that Cadenza made"
        )
    at = [motion.skeleton.index(joint) for joint in there]
    known = np.isfinite(motion.rotations[:, at]).all(axis=(1, 2)) & np.isfinite(motion.positions[:, 0]).all(axis=1)
    inside = (motion.times >= first - AROUND) & (motion.times <= last + AROUND)
    frames = np.flatnonzero(known & inside)
    if not len(frames):
        raise ComponentError(
            f"nothing of the body is posed from {first:.2f} to {last:.2f} s; choose a range in which it moves"
        )
    world = motion.skeleton.world_rotations(motion.rotations[frames].astype(np.float64))
    scale = _Scale(motion.skeleton, skeleton)
    hips = motion.positions[frames, motion.skeleton.index("hips")].astype(np.float64)
    turns = _turns(motion.skeleton, world)
    whole = bool(known[inside].all())
    return GivenBody(motion.times[frames], whole, scale.hips(hips), turns, _feet(motion, frames, world, scale))


def _turns(skeleton: Skeleton, world: Array) -> dict[str, Array]:
    """Of every joint of the trunk; a joint that the body lacks turns as the one below it."""
    found: dict[str, Array] = {}
    for joint in TRUNK:
        below = found[TRUNK[len(found) - 1]] if found else None
        found[joint] = world[:, skeleton.index(joint)] if joint in skeleton or below is None else below
    return found


def _feet(motion: Motion, frames: npt.NDArray[np.intp], world: Array, scale: _Scale) -> dict[str, tuple[Array, Array]]:
    limbs = [motion.skeleton.index(f"{side}_{part}") for side in SIDES for part in LEG] if scale.legs else []
    seen = np.isfinite(world[:, limbs]).all(axis=(1, 2)) & np.isfinite(motion.positions[frames][:, limbs]).all(
        axis=(1, 2)
    )
    if not limbs or not seen.any():
        return {}
    across = rot.rotate(world[:, motion.skeleton.index("hips")], np.array([1.0, 0.0, 0.0])) * [1.0, 1.0, 0.0]
    found = {}
    for side in SIDES:
        index = motion.skeleton.index(f"{side}_foot")
        ankle = scale.foot(motion.positions[frames, index].astype(np.float64), side, rot.normalize(across))
        toes = scale.to.offsets[scale.to.index(f"{side}_toes")]
        times = motion.times[frames]
        found[side] = _between(ankle, seen, times), _between(ankle + rot.rotate(world[:, index], toes), seen, times)
    return found


def _between(places: Array, seen: npt.NDArray[np.bool_], times: Floats) -> Array:
    """(K, 3) places; where they were not seen, on the way from one that was to the next."""
    return np.stack([np.interp(times, times[seen], places[seen, axis]) for axis in range(3)], axis=-1)


class _Scale:
    """From one body's measures to another's."""

    def __init__(self, of: Skeleton, to: Skeleton) -> None:
        self.of, self.to = of, to
        self.legs = all(f"{side}_{part}" in of for side in SIDES for part in LEG)
        chain = [f"left_{part}" for part in LEG] if self.legs else _back(of)
        self.ratio = max(_length(of, chain), 1e-6) / _length(to, chain)

    def hips(self, places: Array) -> Array:
        """(K, 3); with legs, as high above the ankles as the legs of each are long."""
        out = self._about(places)
        if self.legs:
            out[:, 2] = _base(self.to) + (places[:, 2] - _base(self.of)) / self.ratio
        return out

    def foot(self, places: Array, side: str, across: Array) -> Array:
        """(K, 3) of an ankle, on the height of the other body's, and as far apart as its hips are.

        Args:
            across: (K, 3) to the body's left.
        """
        foot, hip = f"{side}_foot", f"{side}_upper_leg"
        out = self._about(places)
        out[:, 2] = _rest(self.to, foot)[2] + (places[:, 2] - _rest(self.of, foot)[2]) / self.ratio
        wider = [_rest(s, hip)[0] - _rest(s, "hips")[0] for s in (self.of, self.to)]
        return np.asarray(out - across * (wider[0] / self.ratio - wider[1]))

    def _about(self, places: Array) -> Array:
        return np.asarray(_rest(self.to, "hips") + (places - _rest(self.of, "hips")) / self.ratio)


def _back(skeleton: Skeleton) -> list[str]:
    """Joints that tell how long a back is."""
    there = [joint for joint in TRUNK if joint in skeleton]
    known = [joint for joint in ("hips", "neck", "head") if joint in skeleton]
    return known if len(known) > 1 else [there[0], there[-1]]


def _rest(skeleton: Skeleton, joint: str) -> Array:
    return np.asarray(skeleton.rest_positions[skeleton.index(joint)])


def _length(skeleton: Skeleton, joints: list[str]) -> float:
    places = np.stack([_rest(skeleton, joint) for joint in joints])
    return float(np.linalg.norm(np.diff(places, axis=0), axis=1).sum())


def _base(skeleton: Skeleton) -> float:
    """Height of the ankles, and of the hips above the legs' upper ends: what legs have nothing to do with."""
    feet, tops = (np.mean([_rest(skeleton, f"{side}_{part}")[2] for side in SIDES]) for part in (LEG[2], LEG[0]))
    return float(feet + _rest(skeleton, "hips")[2] - tops)
