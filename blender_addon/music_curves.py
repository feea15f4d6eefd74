# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The music's loudness and dynamics as curves of the scene, which drivers can read and animators can edit.

``scene.cadenza_music`` has registered properties; their F-curves are kept in the scene's own action, beside whatever an
animator has there. Blender shows them in the Graph Editor of the scene.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import bpy
import numpy as np

from .core.annotations import CURVES, Annotation, AnnotationTrack
from .core.rotations import Array
from .rig.action import (
    CONSTANT,
    LINEAR,
    Keys,
    curves_in_use,
    ends_of_steady,
    new_curve,
    own_curves,
    set_keys,
    values_at,
)
from .track_state import PlacedTrack

LEVELS: Final = ("ppp", "pp", "p", "mp", "mf", "f", "ff", "fff")
GROUP: Final = "Cadenza music"
PATHS: Final = {
    "loudness": "cadenza_music.loudness",
    "dynamics": "cadenza_music.dynamics",
    "change": "cadenza_music.change",
}
"""Namespaces that have a curve -> the property's path from the scene."""
EDITED: Final = ("loudness", "dynamics")
"""Namespaces whose curve stays when an animator edited it."""
SHORTEST_STEP: Final = 0.1
"""Seconds between two keys of the loudness."""
SAME_KEY: Final = 0.5
"""Frames within which a key is that of an annotation."""


class CadenzaMusic(bpy.types.PropertyGroup):
    """What the music does at the current frame."""

    loudness: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Loudness", description="How loud the music is now, LUFS (momentary)", default=-70.0
    )
    dynamics: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Dynamics", description="The dynamic mark in force: 0 ppp, 1 pp, ... 7 fff", default=4.0
    )
    change: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Change", description="How far the last repair moved the joint that it moved most, millimetres"
    )


def put(scene: Any, track: AnnotationTrack, placed: PlacedTrack) -> None:
    """Give a track's curve its keys, in place of those that it has."""
    path = PATHS.get(track.namespace)
    if path is None:
        return
    remove(scene, track.namespace)
    frames, values = _keys(track, placed)
    if not len(frames):
        return
    curve = new_curve(own_curves(scene, GROUP), path, 0, GROUP)
    set_keys(curve, frames, values)
    if track.namespace == "dynamics":
        constant = np.full(len(curve.keyframe_points), CONSTANT, dtype=np.uint8)
        curve.keyframe_points.foreach_set("interpolation", constant)


def _keys(track: AnnotationTrack, placed: PlacedTrack) -> tuple[Array, Array]:
    """Frames (rising) and values of a track's keys."""
    chosen = _thinned(track) if track.namespace in CURVES else [a for a in track.annotations if a.value in LEVELS]
    frames = np.array([placed.exact_frame(a.time) for a in chosen])
    values = np.array([value_of(track.namespace, a) for a in chosen])
    if not chosen:
        return frames, values
    last = np.append(np.diff(frames) > 1e-3, True)  # of those on one frame
    return ends_of_steady(frames[last], values[last])


def edited(scene: Any, placed: PlacedTrack) -> bool:
    """Whether an animator edited a track's curve: its keys are not those that it was given."""
    namespace = placed.annotations.namespace
    curve = curve_of(scene, namespace) if namespace in EDITED else None
    if curve is None:
        return False
    frames, values = _keys(placed.annotations, placed)
    there = Keys.read(curve)
    drawn = CONSTANT if namespace == "dynamics" else LINEAR
    if len(there.frames) != len(frames) or len(curve.modifiers) or there.by_hand.any():
        return True
    if np.any(there.columns["interpolation"] != drawn):
        return True
    return not np.allclose(there.columns["co"], np.stack([frames, values], axis=1), rtol=1e-6, atol=0.01)


def remove(scene: Any, namespace: str) -> None:
    """Take a track's curve away; the action stays if it holds anything else."""
    curve = curve_of(scene, namespace)
    if curve is not None:
        curves_in_use(scene.animation_data).fcurves.remove(curve)


def curve_of(scene: Any, namespace: str) -> Any:
    """The F-curve of a track, or None."""
    data = scene.animation_data
    if data is None or data.action is None or namespace not in PATHS:
        return None
    curves = curves_in_use(data)
    return curves.fcurves.find(PATHS[namespace]) if curves is not None else None


def stretch(scene: Any, namespace: str, anchor: float, factor: float) -> None:
    """Move all keys of a curve, the animator's too, away from a frame by a factor: the frame rate was changed."""
    curve = curve_of(scene, namespace)
    if curve is None or abs(factor - 1.0) < 1e-9:
        return
    count = len(curve.keyframe_points)
    for name in ("co", "handle_left", "handle_right"):
        points = np.empty(2 * count, dtype=np.float32)
        curve.keyframe_points.foreach_get(name, points)
        points[0::2] = anchor + (points[0::2] - anchor) * factor
        curve.keyframe_points.foreach_set(name, points)
    curve.update()


def read(scene: Any, track: AnnotationTrack, placed: PlacedTrack) -> AnnotationTrack:
    """A track with the values that its curve has now: an animator may have edited it. Marks other than levels
    (hairpins) stay."""
    curve = curve_of(scene, track.namespace)
    if curve is None or not len(track):
        return track
    frames = np.array([placed.exact_frame(a.time) for a in track.annotations])
    values = values_at(curve, frames)
    return AnnotationTrack(
        track.namespace,
        tuple(_with_value(track.namespace, a, v) for a, v in zip(track.annotations, values, strict=True)),
    )


def with_added(scene: Any, placed: PlacedTrack, known: Sequence[Annotation]) -> list[Annotation]:
    """Dynamics with the keys that an animator added to their curve; each ends what was in force there."""
    curve = curve_of(scene, "dynamics")
    out = list(known)
    frames = [placed.exact_frame(a.time) for a in placed.annotations.annotations if a.value in LEVELS]
    for frame, value in Keys.read(curve).columns["co"].astype(float) if curve is not None else ():
        if any(abs(frame - f) < SAME_KEY for f in frames):
            continue
        time = placed.seconds(frame)
        ends = next((a for a in out if a.value in LEVELS and a.time < time < a.end), None)
        if ends is not None:
            out[out.index(ends)] = replace(ends, duration=time - ends.time)
        out.append(Annotation(time, ends.end - time if ends is not None else 0.0, _level(value), 1.0))
    return out


def _level(value: float) -> str:
    return LEVELS[int(np.clip(round(value), 0, len(LEVELS) - 1))]


def value_of(namespace: str, annotation: Annotation) -> float:
    """An annotation as the number of its curve."""
    return float(LEVELS.index(annotation.value)) if namespace == "dynamics" else float(annotation.value)


def _with_value(namespace: str, annotation: Annotation, value: float) -> Annotation:
    if namespace == "dynamics":
        if annotation.value not in LEVELS:
            return annotation
        said: Any = _level(value)
    else:
        said = annotation.value if abs(value - annotation.value) < 0.05 else round(float(value), 2)
    return annotation if said == annotation.value else Annotation(annotation.time, annotation.duration, said, 1.0)


def _thinned(track: AnnotationTrack) -> Sequence[Annotation]:
    """Not more keys than anybody wants to edit."""
    out: list[Annotation] = []
    for annotation in track.annotations:
        if not out or annotation.time - out[-1].time >= SHORTEST_STEP - 1e-6:
            out.append(annotation)
    return out


CLASSES: tuple[Any, ...] = (CadenzaMusic,)


def register() -> None:
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.Scene.cadenza_music = bpy.props.PointerProperty(type=CadenzaMusic)


def unregister() -> None:
    del bpy.types.Scene.cadenza_music
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
