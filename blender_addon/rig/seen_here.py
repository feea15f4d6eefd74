# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion that was seen on the very character that is to perform it: poses that are kept stay as they were seen, to the
last digit, and contact gives way to them and takes over again. No bpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from ..core import rotations as rot
from ..core.motion import Motion
from ..core.rotations import Array
from .body import Body, body_of_motion
from .bone_channels import part_of
from .contact import Contact
from .instrument import Held, held_in
from .keyboard import Stand
from .retarget import Retargeted, Source, retarget, source_of

AWAY: Final = np.radians(25.0)
"""How far who was seen may look away from the keyboard, and still be as they were seen."""
EASE: Final = 0.25
"""Seconds over which contact gives way to a frame that is kept."""
PACE: Final = 2.0
"""Radians a second, on the average, at which a limb goes from a pose to the instrument and back."""
LONGEST: Final = 0.8
"""Seconds that it takes at most."""
THERE: Final = 0.001
"""Part of a body's height by which its hips may be off and still be where they were seen."""


@dataclass(frozen=True, eq=False)
class SeenHere:
    """What is known of such a motion.

    Attributes:
        size: of the character's violin, in the rig's units.
        kept: (T,) 0 to 1, how much of each frame is as it was seen.
        poses: what was seen, of a motion that only follows it by a skeleton of its own; NaN where nothing was.
        stand: where the character's piano stands, None when there is none.
        free: parts of the body that play in frames that are kept too.
    """

    size: float
    kept: Array = field(repr=False)
    poses: Motion | None = field(default=None, repr=False)
    stand: Stand | None = None
    free: frozenset[str] = frozenset()


def near_to(times: Array, kept: Sequence[float]) -> Array:
    """(T,) 1 at the frames nearest to kept seconds (rising), less and less beside them."""
    seconds = np.asarray(kept, dtype=float)
    if not len(seconds) or not len(times):
        return np.zeros(len(times))
    step = float(times[1] - times[0]) if len(times) > 1 else 1.0
    frames = times[nearest(times, seconds)]
    at = np.unique(frames[np.abs(frames - seconds) <= step])
    if not len(at):
        return np.zeros(len(times))
    away = np.abs(times - at[nearest(at, times)])
    return np.asarray(0.5 + 0.5 * np.cos(np.pi * np.minimum(away / EASE, 1.0)))


def nearest(of: Array, times: Array) -> npt.NDArray[np.intp]:
    """(T,) index of the one of (K,) rising seconds that is nearest to each; of two the earlier."""
    return np.searchsorted((of[1:] + of[:-1]) / 2, times)


def given_way(contact: Contact, source: Source, held: Held | None, result: Retargeted, kept: Array) -> Contact:
    """Contact as far as nothing is kept; what is kept is the performance without it.

    Args:
        kept: (T,) 0 to 1.
    """
    rotations = rot.slerp(contact.retargeted.rotations, result.rotations, kept[:, None])
    solved = replace(contact, retargeted=replace(contact.retargeted, rotations=rotations))
    if held is None or contact.violin is None or contact.bow is None:
        return solved
    if contact.violin_turn is None or contact.bow_turn is None:
        return solved
    hips, share = source.position("hips"), kept[:, None]
    violin, bow = (result.hips + result.ratio * (place - hips) for place in (held.violin, held.bow))
    return replace(
        solved,
        violin=contact.violin + share * (violin - contact.violin),
        violin_turn=rot.slerp(contact.violin_turn, held.violin_turn, kept),
        bow=contact.bow + share * (bow - contact.bow),
        bow_turn=rot.slerp(contact.bow_turn, held.bow_turn, kept),
    )


@dataclass(frozen=True, eq=False)
class Seen:
    """What was seen, as a performance of the body: T frames, in its units; ``held`` None without violin and bow,
    ``whole`` where every frame was seen."""

    body: Retargeted
    held: Held | None
    whole: bool = False

    def goes(self, result: Retargeted) -> bool:
        """Whether a performance goes just as was seen: then its legs may too, to the last digit."""
        height = float(np.ptp(result.body.skeleton.rest_positions[:, 2]))
        return self.whole and bool(np.abs(result.hips - self.body.hips).max() < THERE * height)


def as_seen(poses: Motion, times: Array, body: Body) -> Seen:
    """What was seen, at (T,) other times: where nothing was, on the way from pose to pose, or as the last."""
    assert poses.rotations is not None
    known = np.flatnonzero(np.isfinite(poses.positions).all(axis=(1, 2)))
    there = replace(poses, positions=poses.positions[known], rotations=poses.rotations[known])
    source = source_of(there, body_of_motion(there.skeleton))
    result, held = retarget(source, body), held_in(there)
    at = np.interp(times, poses.times[known], np.arange(len(known)))
    low = np.minimum(at.astype(int), max(len(known) - 2, 0))
    high, part = np.minimum(low + 1, len(known) - 1), at - low

    def placed(places: Array) -> Array:
        return np.asarray(places[low] + (places[high] - places[low]) * part[:, None])

    if held is not None:
        hips = source.position("hips")
        violin, bow = (placed(result.hips + result.ratio * (place - hips)) for place in (held.violin, held.bow))
        turns = (rot.slerp(turn[low], turn[high], part) for turn in (held.violin_turn, held.bow_turn))
        held = Held(violin, next(turns), bow, next(turns))
    rotations = rot.slerp(result.rotations[low], result.rotations[high], part[:, None])
    return Seen(replace(result, rotations=rotations, hips=placed(result.hips)), held, len(known) == len(poses))


def turned_to(seen: Seen, result: Retargeted) -> Seen:
    """What was seen, turned about the vertical to where a performance looks; what looks about there as it is."""
    index = result.body.skeleton.index("hips")
    theirs, own = (_heading(each.rotations[:, index]) for each in (result, seen.body))
    yaw = (theirs - own + np.pi) % (2.0 * np.pi) - np.pi
    if abs(yaw) < AWAY:
        return seen
    turn = rot.from_axis_angle(np.array([0.0, 0.0, 1.0]), np.array(yaw))
    middle = seen.body.hips.mean(axis=0)
    hips = middle + rot.rotate(turn, seen.body.hips - middle)
    return replace(seen, body=replace(seen.body, rotations=rot.multiply(turn, seen.body.rotations), hips=hips))


def _heading(hips: Array) -> float:
    """Radians by which hips that turn so (T, 4) look to the left, on the average."""
    left = rot.rotate(hips, np.array([1.0, 0.0, 0.0])).mean(axis=0)
    return float(np.arctan2(left[1], left[0]))


def posed(result: Retargeted, seen: Seen, kept: Array, hips: bool = True) -> Retargeted:
    """A performance whose trunk, where it is kept, is as it was seen; contact then finds the limbs.

    Args:
        kept: (T,) 0 to 1.
        hips: whether they are where they were seen, too.
    """
    trunk = np.array([part_of(joint) == "torso" for joint in result.body.skeleton.joints])
    rotations = rot.slerp(result.rotations, seen.body.rotations, kept[:, None] * trunk)
    moved = kept[:, None] * (seen.body.hips - result.hips) if hips else 0.0
    return replace(result, rotations=rotations, hips=result.hips + moved)


def walking(contact: Contact, seen: Seen) -> Contact:
    """Contact with the legs of a body that goes just as was seen: as they were seen too, knees and soles."""
    before = contact.retargeted
    if not seen.goes(before):
        return contact
    legs = np.array([part_of(joint) == "legs" for joint in before.body.skeleton.joints])
    rotations = np.where(legs[:, None], seen.body.rotations, before.rotations)
    return replace(contact, retargeted=replace(before, rotations=rotations))


def given_way_to(contact: Contact, seen: Seen, kept: Array, free: frozenset[str], seconds: float) -> Contact:
    """Contact as far as nothing is kept; limbs that are kept are as they were seen, and what is held goes along.

    Args:
        kept: (T,) 0 to 1, frames that are ``seconds`` apart.
        free: parts of the body that play all the same.
    """
    before = contact.retargeted
    rotations, shares = before.rotations.copy(), {}
    for part in {part_of(joint) for joint in before.body.skeleton.joints} - {"torso", *free}:
        joints = np.array([part_of(joint) == part for joint in before.body.skeleton.joints])
        shares[part] = unhurried(rotations[:, joints], seen.body.rotations[:, joints], kept, seconds)
        rotations[:, joints] = eased(rotations[:, joints], seen.body.rotations[:, joints], shares[part])
    after = replace(before, rotations=rotations)
    solved = replace(contact, retargeted=after)
    if contact.bow is None or contact.bow_turn is None or contact.violin is None or contact.violin_turn is None:
        return solved
    bow = _carried(before, after, "right_hand", (contact.bow, contact.bow_turn))
    violin = contact.violin, contact.violin_turn
    if seen.held is not None:
        held = seen.held
        nothing = np.zeros(len(kept))
        bow = _between(bow, (held.bow, held.bow_turn), shares.get("bow_arm", nothing))
        violin = _between(violin, (held.violin, held.violin_turn), shares.get("left_hand", nothing))
    return replace(solved, violin=violin[0], violin_turn=violin[1], bow=bow[0], bow_turn=bow[1])


def unhurried(turns: Array, others: Array, kept: Array, seconds: float) -> Array:
    """(T,) 0 to 1, how much of a limb is as it was seen: the farther it has to go, the longer it takes.

    Args:
        turns, others: (T, J, 4) as it plays, and as it was seen.
        kept: (T,) 1 in frames that are kept, less beside them.
    """
    at = np.flatnonzero(kept > 1.0 - 1e-9)
    if not len(at):
        return kept
    far = np.linalg.norm(rot.rotation_vector(rot.multiply(others[at], rot.conjugate(turns[at]))), axis=-1).max(axis=1)
    reach = np.clip(far / PACE, EASE, LONGEST) / seconds
    frames = np.arange(len(kept))
    after = np.minimum(np.searchsorted(at, frames), len(at) - 1)
    before = np.maximum(np.searchsorted(at, frames, side="right") - 1, 0)
    away = np.minimum(np.abs(frames - at[before]) / reach[before], np.abs(frames - at[after]) / reach[after])
    return np.asarray(0.5 + 0.5 * np.cos(np.pi * np.minimum(away, 1.0)))


def _carried(before: Retargeted, after: Retargeted, joint: str, item: tuple[Array, Array]) -> tuple[Array, Array]:
    """Place and turn of something that a joint carries from one pose to another."""
    index = before.body.skeleton.index(joint)
    by = rot.multiply(after.rotations[:, index], rot.conjugate(before.rotations[:, index]))
    beside = item[0] - before.positions()[:, index]
    return after.positions()[:, index] + rot.rotate(by, beside), rot.multiply(by, item[1])


def _between(item: tuple[Array, Array], other: tuple[Array, Array], part: Array) -> tuple[Array, Array]:
    """Place and turn between two, (T,) 0 to 1."""
    return item[0] + part[:, None] * (other[0] - item[0]), eased(item[1], other[1], part)


def eased(turns: Array, others: Array, part: Array) -> Array:
    """(T, ..., 4) turns given way to others. The way from one to the other goes round the same side as long as any part
    of it is gone, even where it becomes the longer one: a bow arm that plays is half a turn from one that hangs.

    Args:
        part: (T,) 0 to 1.
    """
    off = rot.unroll(rot.multiply(others, rot.conjugate(turns)))
    gone = np.flatnonzero(part > 0.0)
    for frames in np.split(gone, np.flatnonzero(np.diff(gone) > 1) + 1) if len(gone) else ():
        most = frames[part[frames].argmax()]
        off[frames] *= np.where(off[most, ..., :1] < 0.0, -1.0, 1.0)
    share = part.reshape(-1, *[1] * (off.ndim - 1))
    half = share * np.arctan2(np.linalg.norm(off[..., 1:], axis=-1, keepdims=True), off[..., :1])
    way = np.concatenate([np.cos(half), np.sin(half) * rot.normalize(off[..., 1:])], axis=-1)
    return rot.multiply(way, turns)
