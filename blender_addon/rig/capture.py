# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a character does on the timeline, as a motion, whatever moves it: takes, actions, constraints, mocap.

Frames are looked at one by one in Blender's thread, a few at a time, so that it can be shown and stopped; the scene's
frame is put back each time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Final, Protocol

import bpy
import numpy as np

from ..core import rotations as rot
from ..core import violin
from ..core.motion import Motion
from ..core.rotations import Array
from ..core.skeleton import Skeleton
from ..reference import Reference
from ..timeline import frame_rate, seconds_at
from .armature import rest_pose_of
from .body import body_of_rig
from .bone_channels import carrier_of
from .bone_map import BoneMap
from .performance import PROPS
from .rest_pose import RestPose

FPS: Final = 40.0
"""Frames a second that recognisers watch."""
LONGEST: Final = 30 * 60.0
"""Seconds of a capture."""
MARK: Final = "cadenza_instruments"
"""Custom property of the instruments' armature."""
AT_THE_STRINGS: Final = 0.12
"""Metres from the bow to the bridge within which somebody plays."""


class CaptureError(ValueError):
    """A character that cannot be watched; the message says why."""


class Look(Protocol):
    """What is taken down of each frame, and made a motion of."""

    def see(self, armature: Any) -> Array: ...

    def motion(self, seen: Array, fps: float, start: float) -> Motion: ...


class Watching:
    """A character being looked at from one scene frame to another.

    Args:
        fps: frames a second that are looked at.
        origin: second of the recording at the scene's first frame.
        seen: how the armature is to be seen meanwhile (a context manager), for example without its takes.

    Raises:
        CaptureError: the range is empty or too long, or Blender does not move the armature.
    """

    def __init__(
        self,
        scene: Any,
        armature: Any,
        look: Look,
        first: float,
        last: float,
        origin: float,
        fps: float = FPS,
        seen: Callable[[Any], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        _check_evaluated(armature)
        self._scene, self._armature = Reference.to(scene), Reference.to(armature)
        self._look, self._fps, self._as_seen = look, fps, seen
        self._needed: Any = None
        count = int((last - first) / frame_rate(scene) * fps + 1e-6) + 1
        if count < fps / 2 or count > LONGEST * fps:
            raise CaptureError("the motion must last between half a second and 30 minutes; choose another range")
        self.frames = first + np.arange(count) * (frame_rate(scene) / fps)
        self._start = float(seconds_at(scene, first, origin))
        self._seen: list[Array] = []

    def only(self, needed: Array) -> None:
        """Look at some of the frames (T,) only; the others are as the one before them."""
        self._needed = needed

    @property
    def done(self) -> bool:
        return len(self._seen) == len(self.frames)

    @property
    def progress(self) -> float:
        """0 to 1."""
        return len(self._seen) / len(self.frames)

    def advance(self, deadline: float) -> None:
        """Look at frames until ``deadline`` (of ``time.perf_counter``), at least at one.

        Raises:
            CaptureError: the character or the scene is gone.
        """
        scene, armature = self._scene.find(), self._armature.find()
        if scene is None or armature is None:
            raise CaptureError("the character was deleted while it was looked at; undo that, or choose another")
        if self.done:
            return
        with _frame_kept(scene), self._as_seen(armature):
            while not self.done:
                if self._needed is not None and self._seen and not self._needed[len(self._seen)]:
                    self._seen.append(self._seen[-1])
                    continue
                frame = float(self.frames[len(self._seen)])
                whole = int(np.floor(frame))
                scene.frame_set(whole, subframe=frame - whole)
                self._seen.append(self._look.see(armature))
                if time.perf_counter() >= deadline:
                    break

    def motion(self) -> Motion:
        """What was seen; only once it is done."""
        return self._look.motion(np.array(self._seen), self._fps, self._start)


def _check_evaluated(armature: Any) -> None:
    """CaptureError when Blender leaves the armature out: it would be seen to stand still."""
    if armature.data.pose_position == "REST":
        raise CaptureError(
            f"{armature.name!r} is in Rest Position; switch to Pose Position in its armature's properties"
        )
    if not armature.evaluated_get(bpy.context.evaluated_depsgraph_get()).is_evaluated:
        raise CaptureError(
            f"{armature.name!r} is hidden, or its collection is; show it, so that its motion can be seen"
        )


@contextmanager
def _frame_kept(scene: Any) -> Iterator[None]:
    before = (scene.frame_current, scene.frame_subframe)
    try:
        yield
    finally:
        scene.frame_set(before[0], subframe=before[1])


class Places:
    """The mapped bones' joints in world space, without kinship: what recognisers watch.

    Raises:
        CaptureError: no bone is mapped.
    """

    def __init__(self, armature: Any, bone_map: BoneMap) -> None:
        self._bones = {j: b for j, b in bone_map.bones.items() if b in armature.pose.bones}
        if len(self._bones) < 2:
            raise CaptureError(f"{armature.name!r} has no bones that are mapped; look at Performer > Bone Map")

    def see(self, armature: Any) -> Array:
        """(J, 3) heads of the bones."""
        world = np.array(armature.matrix_world)
        pose = armature.pose.bones
        heads = np.array([pose[name].head for name in self._bones.values()])
        return np.asarray(heads @ world[:3, :3].T + world[:3, 3])

    def motion(self, seen: Array, fps: float, start: float) -> Motion:
        joints, rest = tuple(self._bones), seen[0]
        offsets = rest - rest[0]
        parents = (-1, *[0] * (len(joints) - 1))
        skeleton = Skeleton("captured", joints, parents, offsets, ("body",) * len(joints))
        return Motion(skeleton, fps, seen, start=start)


class Poses:
    """The rig as a body of its own measures, in metres, with rotations: what can be put back on it. A root bone above
    the hips places the character, and no take moves it: the body is seen as if that were at rest.

    Raises:
        RigError: the rig is no body (``body_of_rig``).
    """

    def __init__(self, armature: Any, bone_map: BoneMap) -> None:
        known = {j: b for j, b in bone_map.bones.items() if b in armature.pose.bones}
        self._rest = rest_pose_of(armature)
        own = BoneMap(known, {}, parents=bone_map.parents)
        self._body = body_of_rig(self._rest, own)
        self._names = [self._rest.bones[i] for i in self._body.bones.values()]
        above = self._rest.parents[carrier_of(self._rest, own)]
        self._above = self._rest.bones[above] if above >= 0 else ""
        scale = np.linalg.norm(np.array(armature.matrix_world)[:3, :3], axis=0)
        self._size = float(scale.mean())
        self._held = _held_by(armature)

    @property
    def bones(self) -> list[str]:
        """Names of the bones that are looked at."""
        return self._names

    def see(self, armature: Any) -> Array:
        """(B, 4, 4) matrices of the bones in the armature's space."""
        pose = armature.pose.bones
        seen = np.array([pose[name].matrix for name in self._names], dtype=np.float64).reshape(-1, 4, 4)
        if self._held is not None:
            seen = np.concatenate([seen, self._held.see(armature)])
        return seen if not self._above else _at_rest(armature, self._above) @ seen

    def motion(self, seen: Array, fps: float, start: float) -> Motion:
        body, held = self._motion(seen[:, : len(self._names)], fps, start), seen[:, len(self._names) :]
        return body if self._held is None else self._held.added(body, held, self._body.axes, self._rest, self._size)

    def _motion(self, seen: Array, fps: float, start: float) -> Motion:
        body, skeleton = self._body, self._body.skeleton
        back = rot.conjugate(body.axes)
        at = [skeleton.index(joint) for joint in body.bones]
        places = np.zeros((len(seen), len(skeleton), 3))
        places[:, at] = rot.rotate(back, seen[:, :, :3, 3]) * self._size
        turned = rot.from_matrix(_unit(seen[:, :, :3, :3]))
        moved = rot.multiply(turned, rot.conjugate(self._rest.rotations[list(body.bones.values())]))
        world = np.broadcast_to(rot.IDENTITY, (*places.shape[:2], 4)).copy()
        world[:, at] = rot.multiply(rot.multiply(back, moved), body.axes)
        offsets = skeleton.offsets * self._size
        local = world.copy()
        for i, parent in enumerate(skeleton.parents):
            if i not in at:  # the tip of a finger goes with its last bone
                world[:, i] = world[:, parent]
                places[:, i] = places[:, parent] + rot.rotate(world[:, parent], offsets[i])
            if parent >= 0:
                local[:, i] = rot.multiply(rot.conjugate(world[:, parent]), world[:, i])
        sized = Skeleton(skeleton.name, skeleton.joints, skeleton.parents, offsets, skeleton.roles)
        return Motion(sized, fps, places.astype(np.float32), rot.unroll(local).astype(np.float32), start)


def _at_rest(armature: Any, bone: str) -> Array:
    """(4, 4) in the armature's space: takes what a bone carries to where it is with the bone at rest."""
    rest, now = (
        np.array(m, dtype=np.float64)
        for m in (armature.data.bones[bone].matrix_local, armature.pose.bones[bone].matrix)
    )
    return np.asarray(rest @ np.linalg.inv(now))


@dataclass(frozen=True)
class _Held:
    """Violin and bow: bones of the character's own, or of the armature that was made for them (``own`` tells)."""

    item: Reference
    own: bool

    def see(self, armature: Any) -> Array:
        """(2, 4, 4) in the armature's space."""
        item = self.item.find() or armature
        out = np.linalg.inv(np.array(armature.matrix_world)) @ np.array(item.matrix_world)
        return np.array([out @ np.array(item.pose.bones[bone].matrix) for bone in PROPS])

    def added(self, motion: Motion, seen: Array, axes: Array, rest: RestPose, size: float) -> Motion:
        """The motion with ``violin_end`` and ``bow_frog``, held by chest and right hand; as it is when nobody plays."""
        back = rot.conjugate(axes)
        places = rot.rotate(back, seen[:, :, :3, 3]) * size
        turns = rot.multiply(back, rot.from_matrix(_unit(seen[:, :, :3, :3])))
        if self.own:
            resting = rest.rotations[[rest.index(bone) for bone in PROPS]]
            turns = rot.multiply(rot.multiply(turns, rot.conjugate(resting)), axes)
        if not _plays(places, turns):
            return motion
        skeleton, given = motion.skeleton, motion.rotations
        assert given is not None
        world = skeleton.world_rotations(given)
        chest = next(joint for joint in ("upper_chest", "chest", "spine", "hips") if joint in skeleton)
        carriers = [skeleton.index(chest), skeleton.index("right_hand")]
        local = rot.multiply(rot.conjugate(world[:, carriers]), turns)
        whole = Skeleton(
            skeleton.name,
            (*skeleton.joints, *PROPS),
            (*skeleton.parents, *carriers),
            np.concatenate([skeleton.offsets, np.zeros((2, 3))]),
            (*skeleton.roles, "prop", "prop"),
        )
        positions = np.concatenate([motion.positions, places.astype(np.float32)], axis=1)
        rotations = np.concatenate([given, rot.unroll(local).astype(np.float32)], axis=1)
        return Motion(whole, motion.fps, positions, rotations, motion.start)


def _plays(places: Array, turns: Array) -> bool:
    """Whether the bow is at the strings in most frames: else hands need not be where an instrument is."""
    (violin_at, frog), (violin_turn, bow_turn) = np.moveaxis(places, 1, 0), np.moveaxis(turns, 1, 0)
    bridge = violin_at + rot.rotate(violin_turn, violin.BRIDGE.mean(axis=0))
    along = rot.rotate(bow_turn, np.array([1.0, 0.0, 0.0]))
    part = np.clip(((bridge - frog) * along).sum(axis=1, keepdims=True), 0.0, violin.HAIR_LENGTH)
    return bool(np.median(np.linalg.norm(frog + part * along - bridge, axis=1)) < AT_THE_STRINGS)


def _held_by(armature: Any) -> _Held | None:
    """What holds violin and bow of a character, None when it has none."""
    if all(bone in armature.pose.bones for bone in PROPS) and "right_hand" in armature.pose.bones:
        return _Held(Reference.to(armature), True)
    item = next((child for child in armature.children if child.get(MARK) == "violin"), None)
    return None if item is None else _Held(Reference.to(item), False)


def _unit(matrices: Array) -> Array:
    """Without their scale."""
    return np.asarray(matrices / np.maximum(np.linalg.norm(matrices, axis=-2, keepdims=True), 1e-12))


def capture(scene: Any, armature: Any, bone_map: BoneMap, first: float, last: float, origin: float) -> Motion:
    """The mapped bones' joints in world space from one scene frame to another, all at once.

    Raises:
        CaptureError: no bone is mapped, or the range is empty or too long.
    """
    watching = Watching(scene, armature, Places(armature, bone_map), first, last, origin)
    watching.advance(np.inf)
    return watching.motion()
