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
STEADY: Final = 0.9
"""Mean of the hips' headings as unit vectors: above it feet are as far apart as the other body's hips are."""


@dataclass(frozen=True, eq=False)
class GivenBody:
    """What a body does in the frames in which it was seen or posed.

    Attributes:
        times: (K,) seconds of the recording, rising.
        whole: whether there are no gaps between them.
        hips: (K, 3) metres.
        turns: joint of the trunk -> (K, 4) in the world.
        feet: side -> ankle and toes, (K, 3); only of legs that the body has.
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
    known = np.isfinite(motion.rotations[:, at]).all(axis=(1, 2)) & np.isfinite(motion.joint("hips")).all(axis=1)
    inside = (motion.times >= first - AROUND) & (motion.times <= last + AROUND)
    frames = np.flatnonzero(known & inside)
    if not len(frames):
        raise ComponentError(
            f"nothing of the body is posed from {first:.2f} to {last:.2f} s; choose a range in which it moves"
        )
    world = motion.skeleton.world_rotations(motion.rotations[frames].astype(np.float64))
    scale = _Scale(motion.skeleton, skeleton)
    hips = motion.joint("hips")[frames].astype(np.float64)
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
    across, times = _across(world[:, motion.skeleton.index("hips")]), motion.times[frames]
    found = {}
    for side in scale.legs:
        index = motion.skeleton.index(f"{side}_foot")
        places, turn = motion.positions[frames, index].astype(np.float64), world[:, index]
        seen = np.isfinite(places).all(axis=1) & np.isfinite(turn).all(axis=1)
        if seen.any():
            ankle = scale.foot(places, side, across)
            toes = ankle + rot.rotate(turn, scale.to.offsets[scale.to.index(f"{side}_toes")])
            found[side] = _between(ankle, seen, times), _between(toes, seen, times)
    return found


def _between(places: Array, seen: npt.NDArray[np.bool_], times: Floats) -> Array:
    """(K, 3) places; where they were not seen, on the way from one that was to the next."""
    return np.stack([np.interp(times, times[seen], places[seen, axis]) for axis in range(3)], axis=-1)


def _across(hips: Array) -> Array:
    """(3,) to the left of hips that turn so (K, 4), level; nothing of who turns about."""
    left = rot.rotate(hips, np.array([1.0, 0.0, 0.0])).mean(axis=0) * [1.0, 1.0, 0.0]
    length = np.linalg.norm(left)
    return np.asarray(left / length if length > STEADY else np.zeros(3))


class _Scale:
    """From one body's measures to another's."""

    def __init__(self, of: Skeleton, to: Skeleton) -> None:
        self.of, self.to = of, to
        self.legs = [side for side in SIDES if all(f"{side}_{part}" in of for part in LEG)]
        chains = [[f"{side}_{part}" for part in LEG] for side in self.legs]
        chains = chains or [["hips", top] for top in ("neck", "head") if top in of]
        ratios = [_length(of, chain) / _length(to, chain) for chain in chains]
        self.ratio = max(float(np.mean(ratios)), 1e-6) if ratios else 1.0

    def hips(self, places: Array) -> Array:
        """(K, 3); with legs, as high above the ankles as the legs of each are long."""
        out = self._about(places)
        if self.legs:
            out[:, 2] = _base(self.to, self.legs) + (places[:, 2] - _base(self.of, self.legs)) / self.ratio
        return out

    def foot(self, places: Array, side: str, across: Array) -> Array:
        """(K, 3) of an ankle, on the height of the other body's, and as far apart as its hips are.

        Args:
            across: (3,) to the body's left.
        """
        foot, hip = f"{side}_foot", f"{side}_upper_leg"
        out = self._about(places)
        out[:, 2] = _rest(self.to, foot)[2] + (places[:, 2] - _rest(self.of, foot)[2]) / self.ratio
        wider = [_rest(s, hip)[0] - _rest(s, "hips")[0] for s in (self.of, self.to)]
        return np.asarray(out - across * (wider[0] / self.ratio - wider[1]))

    def _about(self, places: Array) -> Array:
        return np.asarray(_rest(self.to, "hips") + (places - _rest(self.of, "hips")) / self.ratio)


def _rest(skeleton: Skeleton, joint: str) -> Array:
    return np.asarray(skeleton.rest_positions[skeleton.index(joint)])


def _length(skeleton: Skeleton, joints: list[str]) -> float:
    places = np.stack([_rest(skeleton, joint) for joint in joints])
    return float(np.linalg.norm(np.diff(places, axis=0), axis=1).sum())


def _base(skeleton: Skeleton, sides: list[str]) -> float:
    """Height of the ankles, and of the hips above the legs' upper ends: what legs have nothing to do with."""
    feet, tops = (np.mean([_rest(skeleton, f"{side}_{part}")[2] for side in sides]) for part in (LEG[2], LEG[0]))
    return float(feet + _rest(skeleton, "hips")[2] - tops)
