# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A motion performed by an armature in Blender: read the rig, solve (in a thread if you like), key.

plan = perform.plan(armature, motion, bone_map, scene)   # Blender's thread: reads
performance = plan.solve()                               # any thread: numpy only
perform.ensure_props(armature, performance)              # Blender's thread: what is played
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import bpy
import numpy as np
from mathutils import Matrix, Quaternion

from .. import timeline
from ..core.motion import Motion
from ..core.rotations import Array
from .armature import rest_pose_of, skin_of
from .besides import warnings_of
from .bone_channels import carrier_of
from .bone_map import BoneMap
from .bow_mesh import build_bow
from .capture import MARK
from .channels import Channel
from .keyboard import Stand
from .mannequin import hold
from .materials import Materials
from .merge import Layer
from .performance import PROPS, perform_motion
from .pianist import furnish
from .posed import PLACED, bones_between, kept_at_rest, posed_of
from .rest_pose import RestPose
from .seen_here import SeenHere, near_to
from .violin_mesh import build_violin

PROPS_FILE: Final = Path(__file__).with_name("props.blend")
"""Holds the instruments' armatures; made by scripts/make_props_armature.py."""
VIOLIN: Final = "violin"
PIANO: Final = "piano"
ARMATURES: Final = {VIOLIN: "Violin and bow", PIANO: "Piano"}
"""What is played -> the armature of it in that file."""


BUILT: Final = "cadenza_built"
"""Custom property of what was built to hang on an instruments' armature; what an animator hangs there has none."""
_NAMES: Final = {VIOLIN: "instruments", PIANO: "piano"}
"""How their armatures are called, after the character's name."""


@dataclass(frozen=True, eq=False)
class Performance:
    """Keys, ready to be written.

    Attributes:
        channels: name of an object -> its channels.
        frames: (T,) scene frames of the keys.
        props: name of the instruments' armature, "" when the motion has none or the character has its own.
        plays: what that armature is: VIOLIN or PIANO.
        axes: (4,) how the instruments' armature is turned in the character's space.
        report: what fits and what does not, ready for JSON.
        root: the bone above the hips, with which an animator may place the character; "" when there is none.
    """

    channels: dict[str, list[Channel]]
    frames: Array = field(repr=False)
    props: str
    axes: Array = field(repr=False)
    report: dict[str, Any]
    root: str = ""
    plays: str = VIOLIN


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything of a scene that solving needs; knows no Blender any more."""

    motion: Motion = field(repr=False)
    rest: RestPose = field(repr=False)
    skin: Array = field(repr=False)
    bone_map: BoneMap
    frames: Array = field(repr=False)
    character: str
    props: str
    layers: tuple[Layer, ...] = ()
    posed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    seen: SeenHere | None = None

    def solve(self, progress: Callable[[float, str], None] = lambda fraction, message: None) -> Performance:
        """Retarget and bring in contact.

        Raises:
            RigError, MotionError: with what to do.
        """
        done = perform_motion(self.motion, self.rest, self.bone_map, self.skin, self.layers, progress, self.seen)
        still = kept_at_rest(self.posed, bones_between(self.rest, self.bone_map), done.bones, len(self.frames))
        channels = {self.character: done.bones + still}
        if done.props:
            channels[self.props] = done.props
        over = self.rest.parents[carrier_of(self.rest, self.bone_map)]
        report = done.report | {"warnings": [*done.report["warnings"], *self.warnings]}
        props, root = self.props if done.props else "", self.rest.bones[over] if over >= 0 else ""
        return Performance(channels, self.frames, props, done.axes, report, root, played_in(self.motion))


def plan(
    armature: Any,
    motion: Motion,
    bone_map: BoneMap,
    scene: Any,
    origin: float | None = None,
    layers: Sequence[Layer] = (),
    kept: Sequence[float] | None = None,
    seen: Motion | None = None,
    free: frozenset[str] = frozenset(),
) -> Plan:
    """Read what is needed of an armature and a scene.

    Args:
        origin: the recording's time at the scene's first frame; None for the motion's own start.
        layers: what was generated again since, the oldest first.
        kept: of a motion that was seen on this very armature, seconds of frames that stay as they were seen.
        seen: what was seen, where the motion follows it by a skeleton of its own.
        free: parts of the body that then play in kept frames too.
    """
    start = motion.start if origin is None else origin
    frames = np.asarray(timeline.frame_at(scene, motion.times, start))
    plays = played_in(motion)
    mine = props_of(armature, plays)
    name = mine.name if mine is not None else _free_name(f"{armature.name} {_NAMES[plays]}")
    rest = rest_pose_of(armature)
    bones = bones_between(rest, bone_map)
    mapped = [b for b in bones if b in bone_map.bones.values()]
    return Plan(
        motion,
        rest,
        skin_of(armature),
        bone_map,
        frames,
        armature.name,
        name,
        tuple(layers),
        posed_of(armature, bones, mapped, () if kept is None else PLACED),
        warnings_of(armature, mapped, [b for b in mapped if b != bone_map.bones["hips"]] if kept is not None else ()),
        None if kept is None else _seen_here(armature, motion, kept, seen, free),
    )


def _seen_here(
    armature: Any, motion: Motion, kept: Sequence[float], seen: Motion | None, free: frozenset[str]
) -> SeenHere:
    near = near_to(motion.times, kept)
    if seen is None:
        return SeenHere(_size_of_violin(armature), near)
    return SeenHere(1.0, near, seen, stand_of(armature) if played_in(motion) == PIANO else None, free)


def stand_of(armature: Any) -> Stand | None:
    """Where a character's piano stands, in the character's space; None when it has none, or none that is seen."""
    own = all(bone in armature.pose.bones for bone in ("keyboard", "bench"))
    item = armature if own else props_of(armature, PIANO)
    if item is None or item.hide_viewport:
        return None
    keyboard, bench = (np.array(item.pose.bones[bone].matrix) for bone in ("keyboard", "bench"))
    size = np.linalg.norm(bench[:3, :3], axis=0)
    return Stand(float(np.linalg.norm(keyboard[:3, 0])), keyboard[:3, 3], 0.0, bench[:3, 3], size)


def _free_name(wanted: str) -> str:
    """A name that no object has, at most as long as Blender allows: 63 bytes up to 4.5."""
    wanted, number = wanted.encode()[:58].decode(errors="ignore"), 1
    name = wanted
    while name in bpy.data.objects:
        name, number = f"{wanted}.{number:03d}", number + 1
    return name


def played_in(motion: Motion) -> str:
    """What a motion plays, if it plays at all."""
    return PIANO if "keyboard" in motion.skeleton else VIOLIN


def props_of(armature: Any, plays: str = VIOLIN) -> Any:
    """The armature that carries a character's violin and bow, or its piano; or None."""
    return next((child for child in armature.children if child.get(MARK) == plays), None)


def _size_of_violin(armature: Any) -> float:
    """How large a character's violin is, in the armature's units."""
    item = armature if all(bone in armature.pose.bones for bone in PROPS) else props_of(armature)
    return 1.0 if item is None else float(item.pose.bones["violin_end"].scale.x)


def ensure_props(armature: Any, performance: Performance) -> Any:
    """The instruments' armature that a performance keys, built when it is not there; None when it needs none.

    It hangs on the character, so that it goes where the character goes; its bones hold what is played.
    """
    if not performance.props:
        return None
    found = props_of(armature, performance.plays)
    if found is not None:
        return found
    collection = armature.users_collection[0] if armature.users_collection else bpy.context.scene.collection
    if collection.library is not None or collection.override_library is not None:
        collection = bpy.context.scene.collection
    props = _bones_of_props(ARMATURES[performance.plays])
    props.name = props.data.name = performance.props
    collection.objects.link(props)
    props[MARK] = performance.plays
    props.parent = armature
    if performance.root in armature.data.bones:
        _hang(props, armature.data.bones[performance.root])
    props.rotation_mode = "QUATERNION"
    props.rotation_quaternion = Quaternion(performance.axes.tolist())
    if performance.plays == PIANO:
        parts = furnish(props, armature.name, collection)
    else:
        parts = _violin_and_bow(props, armature.name, collection)
    for part in parts:
        part[BUILT] = True
    return props


def _violin_and_bow(props: Any, name: str, collection: Any) -> tuple[Any, ...]:
    materials = Materials()
    items = []
    for bone, build in (("violin_end", build_violin), ("bow_frog", build_bow)):
        items.append(build(f"{name} {PROPS[bone]}", materials))
        collection.objects.link(items[-1])
        hold(items[-1], props, bone)
    return tuple(items)


def _hang(props: Any, bone: Any) -> None:
    """Let a bone of the parent carry the instruments; with the bone at rest they stay where they are."""
    props.parent_type, props.parent_bone = "BONE", bone.name
    props.matrix_parent_inverse = (bone.matrix_local @ Matrix.Translation((0.0, bone.length, 0.0))).inverted()


def at_piano(armature: Any, objects: Iterable[Any]) -> bool:
    """Whether what moves these objects plays the piano: one that hangs on the character, or the one of our pianist."""
    own = "keyboard" in armature.pose.bones
    return any(item is not None and (item.get(MARK) == PIANO or (own and item == armature)) for item in objects)


def remove_props(armature: Any, plays: str = VIOLIN) -> None:
    """Take a character's violin and bow, or its piano, away again, with all that was made for them alone. What an
    animator hung on them stays where it is."""
    props = props_of(armature, plays)
    items = [*(child for child in props.children if BUILT in child), props] if props is not None else []
    for item in [c for each in items for c in each.children if c not in items]:
        place = item.matrix_world.copy()
        item.parent = None
        item.matrix_world = place
    data = {item.data for item in items} - {None}
    materials = {m for block in data for m in getattr(block, "materials", ())} - {None}
    for item in items:
        bpy.data.objects.remove(item)
    for blocks in (data, materials):
        bpy.data.batch_remove([block for block in blocks if block.users == 0])


def _bones_of_props(name: str) -> Any:
    """An armature from a file: only an operator could make its bones, and a timer cannot call one safely."""
    before = list(bpy.data.libraries)
    with bpy.data.libraries.load(str(PROPS_FILE)) as (_, wanted):
        wanted.objects = [name]
    bpy.data.batch_remove([library for library in bpy.data.libraries if library not in before])
    return wanted.objects[0]
