# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Poses and ranges that a generator is to keep: whether they can be, and what the network is pulled to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api import Audio, ComponentError, Constraint, JobContext, Motion, PostStep, violinist
from plugins.api.kept import with_kept
from plugins.api.log_mel import FPS
from plugins.api.retimed import at_times
from plugins.momu.body import Body
from plugins.momu.checkpoint import Weights
from plugins.momu.kept import Kept

Places = npt.NDArray[np.floating[Any]]

SAME: Final = 0.001
"""Metres by which two poses of one frame may differ."""
EASE: Final = 0.5
"""Seconds over which the take gives way to what is kept. The network comes within a centimetre or two by itself."""
STRETCHED: Final = 0.01
"""Metres by which a kept bone's length may differ from the skeleton's."""


class KeepFrames(PostStep):
    """Puts frames that are to be kept back exactly as they were given, and eases the neighbours into them."""

    name = "keep"
    label = "Keep given frames"
    reads = "all joints, and the frames to keep"
    writes = "the frames to keep, and half a second around each"

    def apply(self, motion: Motion, options: object, context: JobContext) -> Motion:
        context.progress(0.0, "Keeping what was given")
        if not context.constraints:
            return motion
        return with_kept(motion, given_on(motion, context.constraints), context.constraints, EASE)


def check_constraints(constraints: Sequence[Constraint], audio: Audio, fps: float) -> None:
    """ComponentError, with what to do, when they cannot all be kept in a motion of ``fps`` frames a second."""
    skeleton = violinist.violinist_skeleton()
    for constraint in constraints:
        motion = constraint.motion
        if motion.skeleton != skeleton:
            raise ComponentError(
                f"the poses to keep are of the skeleton {motion.skeleton.name!r}; give them on 'violinist', or fill "
                "between them on the character itself (Fill and Vary)"
            )
        unknown = [joint for joint in constraint.joints if joint not in skeleton]
        if unknown:
            raise ComponentError(f"the joints to keep {', '.join(unknown)} are not the violinist's")
        if len(motion) and (motion.times[0] < audio.start - 0.5 / motion.fps or motion.times[-1] > audio.end):
            raise ComponentError(
                f"what is to be kept lasts from {motion.times[0]:.2f} to {motion.times[-1]:.2f} s, the music from "
                f"{audio.start:.2f} to {audio.end:.2f} s; keep what lies inside"
            )
        _check_lengths(constraint)
    _check_same(constraints, audio, fps)


def _check_lengths(constraint: Constraint) -> None:
    motion, skeleton = constraint.motion, constraint.motion.skeleton
    chosen = set(constraint.joints or skeleton.joints)
    for i, parent in enumerate(skeleton.parents):
        if parent < 0 or i in skeleton.held or not {skeleton.joints[i], skeleton.joints[parent]} <= chosen:
            continue
        length = np.linalg.norm(motion.positions[:, i].astype(float) - motion.positions[:, parent], axis=-1)
        off = np.abs(length - np.linalg.norm(skeleton.offsets[i]))
        if np.nan_to_num(off).max(initial=0.0) > STRETCHED:
            at = motion.times[int(np.nan_to_num(off).argmax())]
            raise ComponentError(
                f"the pose to keep at {at:.2f} s cannot be reached: the bone to {skeleton.joints[i].replace('_', ' ')} "
                f"would be {1000 * np.nan_to_num(off).max():.0f} mm too long or too short"
            )


def _check_same(constraints: Sequence[Constraint], audio: Audio, fps: float) -> None:
    """No frame may be asked to be in two poses. (Of one stretch with more frames a second the last one counts.)"""
    count = max(1, round(audio.duration * fps)) + 1
    seen = np.full((count, len(constraints[0].motion.skeleton), 3), np.nan) if constraints else np.zeros((0, 0, 3))
    for constraint in constraints:
        motion, columns = constraint.motion, _columns(constraint)
        frames = np.clip(np.round((motion.times - audio.start) * fps).astype(int), 0, count - 1)
        places = motion.positions[:, columns].astype(np.float64)
        apart = np.nan_to_num(np.linalg.norm(seen[frames][:, columns] - places, axis=2))
        if apart.max(initial=0.0) > SAME:
            row, column = np.unravel_index(int(apart.argmax()), apart.shape)
            raise ComponentError(
                f"two poses are to be kept at {motion.times[row]:.2f} s, and they differ "
                f"({motion.skeleton.joints[columns[column]].replace('_', ' ')} by {1000 * apart.max():.0f} mm); "
                "keep one of them"
            )
        _write(seen, frames, columns, places)


def _columns(constraint: Constraint) -> npt.NDArray[np.int64]:
    skeleton = constraint.motion.skeleton
    return np.array([skeleton.index(joint) for joint in constraint.joints or skeleton.joints])


def _write(into: Places, frames: npt.NDArray[np.int64], columns: npt.NDArray[np.int64], values: Places) -> None:
    """Put (K, N, x) values into frames and columns; those that are no number overwrite nothing."""
    where = np.ix_(frames, columns)
    into[where] = np.where(np.isfinite(values), values, into[where])


def given_on(like: Motion, constraints: Sequence[Constraint]) -> Motion:
    """A motion of the frames of ``like`` that has the kept poses in the nearest frames, and NaN elsewhere."""
    positions = np.full(like.positions.shape, np.nan)
    rotations = None if like.rotations is None else np.full(like.rotations.shape, np.nan)
    for constraint in constraints:
        motion, columns = constraint.motion, _columns(constraint)
        frames = np.clip(np.round((motion.times - like.start) * like.fps).astype(int), 0, len(like) - 1)
        _write(positions, frames, columns, motion.positions[:, columns])
        if rotations is not None and motion.rotations is not None:
            _write(rotations, frames, columns, motion.rotations[:, columns])
    if rotations is not None and not np.isfinite(rotations).any():
        rotations = None
    return Motion(like.skeleton, like.fps, positions, rotations, like.start)


def kept_places(constraints: Sequence[Constraint], weights: Weights, frames: int, start: float) -> Kept | None:
    """What the network is pulled to, at 40 frames a second; None where nothing is kept."""
    if not constraints or weights.body is None:
        return None
    body = weights.body
    places = np.full((frames, len(body.joints), 3), np.nan)
    chosen = np.zeros((frames, len(body.joints)))
    for constraint in constraints:
        motion = constraint.motion
        at = _covered(motion, frames, start)
        times = np.clip(start + at / FPS, motion.times[0], motion.times[-1])
        hips = at_times(motion.joint("hips").astype(np.float64), motion.times, times)
        for i, joint in enumerate(body.joints):
            places[at, i] = at_times(motion.joint(joint).astype(np.float64), motion.times, times) - hips
            chosen[at, i] = 1.0 if joint == "hips" or joint in (constraint.joints or body.joints) else chosen[at, i]
    # Directions are of the whole pose, whichever of its joints are kept.
    known = np.isfinite(places).all(axis=2)
    return Kept(as_network(np.nan_to_num(places), known.astype(np.float64), body), chosen * known)


def _covered(motion: Motion, frames: int, start: float) -> npt.NDArray[np.int64]:
    """Frames at 40 a second that a stretch covers, or the one that is nearest."""
    first, last = ((motion.times[i] - start) * FPS for i in (0, -1))
    at = np.arange(np.ceil(first - 0.01), np.floor(last + 0.01) + 1).astype(np.int64)
    if not len(at):
        at = np.array([round(first)], dtype=np.int64)
    return at[(at >= 0) & (at < frames)]


def as_network(places: npt.NDArray[np.float64], weight: npt.NDArray[np.float64], body: Body) -> npt.NDArray[np.float64]:
    """Places with bones as long as the network's: directions are kept, not lengths. NaN where nothing is kept."""
    out = np.zeros_like(places)
    for i, (parent, rigid) in enumerate(zip(body.parents, body.rigid, strict=True)):
        if parent >= 0:
            bone = places[:, i] - places[:, parent]
            if rigid:
                bone = bone / np.maximum(np.linalg.norm(bone, axis=-1, keepdims=True), 1e-6) * body.lengths[i]
            out[:, i] = out[:, parent] + bone
    out[weight <= 0.0] = np.nan
    return out
