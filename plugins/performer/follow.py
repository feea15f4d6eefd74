# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A performance with the body of a character: mocap, a take, an animator's poses. Arms and hands are the performer's.

Where the body is given, it is that; between poses what they differ by from the performer's own body goes from the one's
to the other's, so that the performer still breathes and sways, about what was posed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

import numpy as np

from plugins.api import Array, JobContext, Skeleton, pianist
from plugins.api import rotations as rot
from plugins.api.kept import kept_times
from plugins.performer.assemble import chest_of, shoulder_of
from plugins.performer.body import Amounts, BodyPose, Trunk
from plugins.performer.curves import Floats, ease
from plugins.performer.given_body import SIDES, TRUNK, GivenBody, read_body
from plugins.performer.piano_body import Seated

VARIATION: Final = "Of a body that is followed: how much of it is made up all the same. Poses stay"
"""Of the option, for the animator."""
LIVELY: Final = 1.5
"""How much more of the pulse anybody else has, at most: it is quick, and grows conspicuous."""
NEAR: Final = 0.6
"""Seconds around a kept frame in which the given body is followed more and more."""
AWAY: Final = np.radians(30.0)
"""How far a body may look away from the keyboard, on the average, and still sit as it was seen."""
HIGHER: Final = 0.08
"""Metres that the bench is put up or down, at most."""
ON_BENCH: Final = 0.10
"""Metres that hips come away from where they mostly are, at most."""
REACH: Final = 0.97
"""Part of an arm's length within which a wrist must be."""
TRIED: Final = np.linspace(0.0, 1.0, 6)
"""Parts of the performer's own body that are tried where arms are too short."""
SHOULDERS: Final = TRUNK[:4]
"""What brings arms nearer; the head goes on to look where it looks."""
UNHURRIED: Final = 0.4
"""Seconds over which it comes and goes."""
TURNS: Final = np.radians(60.0)
"""How far hips turn to one side, at least, of a body that turns round; on a bench nobody does."""
UP: Final = np.array([0.0, 0.0, 1.0])
UNDERWAY: Final = 0.5
"""Seconds before and after, over which a body is where it mostly is: sway about that is what varies."""


@dataclass(frozen=True, eq=False)
class Body:
    """A trunk in the world: hips (T, 3) metres; joint -> (T, 4) turns."""

    hips: Array = field(repr=False)
    turns: Mapping[str, Array] = field(repr=False)

    @classmethod
    def of(cls, trunk: Trunk) -> Body:
        turns: dict[str, Array] = {}
        above = rot.IDENTITY
        for joint in TRUNK:
            turns[joint] = above = rot.multiply(above, trunk.rotations[joint])
        return cls(np.asarray(trunk.hips), turns)

    def trunk(self) -> Trunk:
        """With turns against the joint below."""
        rotations = {"hips": self.turns["hips"]}
        for below, joint in pairwise(TRUNK):
            rotations[joint] = rot.multiply(rot.conjugate(self.turns[below]), self.turns[joint])
        return Trunk(self.hips, rotations)

    def towards(self, other: Body, part: Floats | float, joints: Sequence[str] = TRUNK) -> Body:
        """Between this body (0) and another (1); joints that are not named turn as they do."""
        part = np.broadcast_to(part, len(self.hips))
        turns = {j: rot.slerp(turn, other.turns[j], part) if j in joints else turn for j, turn in self.turns.items()}
        return Body(self.hips + (other.hips - self.hips) * part[:, None], turns)


def personal(amounts: Amounts, much: float, rng: np.random.Generator) -> Amounts:
    """Amounts as somebody else might have them: more or less of each, swaying the same way or the other."""
    sway, weight, head, breathing = np.exp(0.8 * much * rng.standard_normal(4))
    way = rng.choice([-1.0, 1.0])
    return Amounts(
        way * sway * amounts.sway,
        weight * amounts.weight,
        head * amounts.head,
        breathing * amounts.breathing,
        amounts.noise,
        min(sway, LIVELY) * amounts.pulse,
    )


def standing(pose: BodyPose, times: Floats, skeleton: Skeleton, context: JobContext, variation: float) -> BodyPose:
    """A violinist with the body of ``context.body``, who stands or walks as that does.

    Args:
        variation: how much of the body is made up all the same, 0 to 1; where poses are given, they count alone.

    Raises:
        ComponentError: with what to do.
    """
    given = _given(context, skeleton, times)
    own = Body.of(pose)
    followed = _followed(own, times, given)
    varied = followed.towards(_underway(own, followed, times), _variation(times, given, variation, context))
    body = varied.trunk()
    under = np.median(body.hips - own.hips, axis=0) * [1.0, 1.0, 0.0]  # where nobody says how feet stand
    feet = {side: (ankle + under, toes + under) for side, (ankle, toes) in pose.feet.items()}
    feet |= _stepping(given, followed, times) if given.feet else {}
    return replace(pose, hips=body.hips, rotations=body.rotations, feet=feet)


def seated(
    pose: Seated, times: Floats, wrists: Sequence[Array], skeleton: Skeleton, context: JobContext, variation: float
) -> Seated:
    """A pianist with the trunk of ``context.body``, before the middle of the keyboard; the feet stay the pianist's.

    Where arms are too short for where that leans, the pianist's own body comes in as much as is needed.

    Args:
        wrists: (T, 3) of the left and the right one in the world.
    """
    given = _towards_the_keyboard(_given(context, skeleton, times))
    own = Body.of(pose)
    body = _before_the_keyboard(_followed(own, times, given), own, skeleton)
    body = body.towards(own, _variation(times, given, variation, context))
    done = body.towards(own, _needed(times, body, own, wrists, skeleton), SHOULDERS).trunk()
    bench = pianist.BENCH + np.median(done.hips, axis=0) - pianist.SEATED
    return replace(pose, hips=done.hips, rotations=done.rotations, bench=bench)


def _given(context: JobContext, skeleton: Skeleton, times: Floats) -> GivenBody:
    assert context.body is not None
    return read_body(context.body, skeleton, float(times[0]), float(times[-1]))


def _followed(own: Body, times: Floats, given: GivenBody) -> Body:
    """The given body; between its poses, and beyond them, as far from the performer's own as they are."""
    at = np.interp(given.times, times, np.arange(len(times)))
    low = at.astype(int)
    high = np.minimum(low + 1, len(times) - 1)
    part = at - low
    hips = own.hips[low] + (own.hips[high] - own.hips[low]) * part[:, None]
    turns = {}
    for joint, turn in own.turns.items():
        there = rot.slerp(turn[low], turn[high], part)
        off = rot.unroll(rot.multiply(given.turns[joint], rot.conjugate(there)))
        turns[joint] = rot.multiply(rot.normalize(_carried(off, given, times)), turn)
    return Body(own.hips + _carried(given.hips - hips, given, times), turns)


def _carried(values: Array, given: GivenBody, times: Floats) -> Array:
    """(T, x) through (K, x), without going beyond them: the monotone cubics of F. Fritsch and J. Butland (1984)."""
    if len(values) == 1:
        return np.repeat(values, len(times), axis=0)
    from scipy.interpolate import PchipInterpolator

    inside = np.clip(times, given.times[0], given.times[-1])
    return np.asarray(PchipInterpolator(given.times, values)(inside))


def _variation(times: Floats, given: GivenBody, variation: float, context: JobContext) -> Floats:
    """(T,) how much of the body is made up: nothing where only poses are given, nor at frames that are kept."""
    if not given.whole:
        return np.zeros(len(times))
    kept = kept_times(context.constraints)
    if not len(kept):
        return np.full(len(times), variation)
    nearest = kept[np.searchsorted((kept[1:] + kept[:-1]) / 2, times)]
    return np.asarray(variation * ease(np.abs(times - nearest) / NEAR))


def _stepping(given: GivenBody, body: Body, times: Floats) -> dict[str, tuple[Array, Array]]:
    """Ankle and toes of each foot: between poses they turn as the body does, about the middle between the ankles."""
    seen, turned = _heading(given.turns["hips"]), np.unwrap(_heading(body.turns["hips"]))
    whole = 2.0 * np.pi
    seen = seen + whole * np.round((np.interp(given.times, times, turned) - seen) / whole)
    back, to = rot.from_axis_angle(UP, -seen), rot.from_axis_angle(UP, _carried(seen[:, None], given, times)[:, 0])
    middle = np.mean([ankle for ankle, _ in given.feet.values()], axis=0)
    between = _carried(middle, given, times)

    def at(places: Array) -> Array:
        return np.asarray(between + rot.rotate(to, _carried(rot.rotate(back, places - middle), given, times)))

    return {side: (at(ankle), at(toes)) for side, (ankle, toes) in given.feet.items()}


def _heading(hips: Array) -> Floats:
    """(T,) radians by which bodies are turned to their left."""
    left = rot.rotate(hips, np.array([1.0, 0.0, 0.0]))
    return np.asarray(np.arctan2(left[:, 1], left[:, 0]))


def _underway(own: Body, body: Body, times: Floats) -> Body:
    """The performer's own body on the way of another: where that mostly is, and turned as that is."""
    reach = _frames(times, UNDERWAY)
    way = rot.normalize(_smoothed(rot.unroll(body.turns["hips"]), reach))
    middle = rot.normalize(rot.unroll(own.turns["hips"]).mean(axis=0))
    to = rot.multiply(way, rot.conjugate(middle))
    turns = {joint: rot.multiply(to, turn) for joint, turn in own.turns.items()}
    swayed = rot.rotate(to, own.hips - np.median(own.hips, axis=0))
    return Body(_smoothed(body.hips, reach) + swayed, turns)


def _towards_the_keyboard(given: GivenBody) -> GivenBody:
    """A body that looks elsewhere, turned to the keyboard; one that looks about there as it is. One that turns round
    looks to the left and to the right meanwhile."""
    left = rot.rotate(given.turns["hips"], np.array([1.0, 0.0, 0.0]))
    middle = float(np.arctan2(*left.mean(axis=0)[1::-1]))
    middle = middle if abs(middle) >= AWAY else 0.0
    yaw = _heading(given.turns["hips"])
    away = (yaw - middle + np.pi) % (2.0 * np.pi) - np.pi
    round_about = bool(np.abs(away).max() > TURNS)
    if not middle and not round_about:
        return given
    back = rot.from_axis_angle(UP, AWAY * np.sin(away) - yaw if round_about else np.full(len(yaw), -middle))
    turns = {joint: rot.multiply(back, turn) for joint, turn in given.turns.items()}
    return replace(given, hips=rot.rotate(rot.from_axis_angle(UP, np.array(-middle)), given.hips), turns=turns)


def _before_the_keyboard(body: Body, own: Body, skeleton: Skeleton) -> Body:
    """A body on a bench, its shoulders mostly where the pianist's own are; who walks sits there too."""
    moved = body.hips - np.median(body.hips, axis=0)
    far = np.maximum(np.linalg.norm(moved, axis=1, keepdims=True) / ON_BENCH, 1e-9)
    body = replace(body, hips=np.median(own.hips, axis=0) + moved * np.tanh(far) / far)
    off = np.mean([_shoulder(skeleton, side, own) - _shoulder(skeleton, side, body) for side in SIDES], axis=0)
    shift = np.median(off, axis=0)
    shift[2] = np.clip(shift[2], -HIGHER, HIGHER)
    return replace(body, hips=body.hips + shift)


def _shoulder(skeleton: Skeleton, side: str, body: Body) -> Array:
    """(T, 3) where an arm begins."""
    return shoulder_of(skeleton, side, *chest_of(skeleton, body.trunk()))


def _needed(times: Floats, body: Body, own: Body, wrists: Sequence[Array], skeleton: Skeleton) -> Floats:
    """(T,) how much of the pianist's own body is needed for arms to reach where hands play."""
    lacking = np.stack([_lacking(body.towards(own, part, SHOULDERS), wrists, skeleton) for part in TRIED])
    reached = lacking <= 0.0
    which = np.where(reached.any(axis=0), reached.argmax(axis=0), lacking.argmin(axis=0))
    from scipy.ndimage import maximum_filter1d

    reach = _frames(times, UNHURRIED)
    return _smoothed(maximum_filter1d(TRIED[which], 2 * reach + 1), reach)


def _lacking(body: Body, wrists: Sequence[Array], skeleton: Skeleton) -> Floats:
    """(T,) metres that the arm which lacks most lacks."""
    found = []
    for side, wrist in zip(SIDES, wrists, strict=True):
        arm = sum(float(np.linalg.norm(skeleton.offsets[skeleton.index(f"{side}_{p}")])) for p in ("lower_arm", "hand"))
        found.append(np.linalg.norm(wrist - _shoulder(skeleton, side, body), axis=-1) - REACH * arm)
    return np.asarray(np.max(found, axis=0))


def _frames(times: Floats, seconds: float) -> int:
    """So many seconds in frames, at least one."""
    return max(round(seconds / float(times[1] - times[0])), 1) if len(times) > 1 else 1


def _smoothed(values: Array, reach: int) -> Array:
    """(T, ...) values, each drawn to those so many frames before and after it; what goes on at an end has come so, and
    goes on so."""
    from scipy.ndimage import convolve1d

    kernel = np.hanning(2 * reach + 3)
    around = [(reach + 1, reach + 1)] + [(0, 0)] * (values.ndim - 1)
    padded = np.pad(values, around, mode="reflect", reflect_type="odd") if len(values) > 1 else values
    found = convolve1d(padded, kernel / kernel.sum(), axis=0, mode="nearest")
    return np.asarray(found[reach + 1 : -reach - 1] if len(values) > 1 else found)
