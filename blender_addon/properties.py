# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Cadenza keeps of annotations in .blend files.

A marker of ours is known by its ``cadenza`` property, so that only our own markers are
ever changed or removed. Blender's markers stand on whole frames, cannot be hidden, and its
properties hold single precision: so the tracks themselves are kept by the scene, as JSON.
"""

from __future__ import annotations

from typing import Any

import bpy


class CadenzaMarker(bpy.types.PropertyGroup):
    """What a timeline marker of ours stands for."""

    namespace: bpy.props.StringProperty(name="Kind", description="beat, downbeat, phrase, ...")  # type: ignore[valid-type]
    time: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Time", description="Time in the recording", unit="TIME_ABSOLUTE", precision=4
    )
    value: bpy.props.StringProperty(name="Value", description="What is marked, for a beat its place in the bar")  # type: ignore[valid-type]
    confidence: bpy.props.FloatProperty(name="Confidence", description="How sure it is, 0 to 1", min=0.0, max=1.0)  # type: ignore[valid-type]
    index: bpy.props.IntProperty(name="Index", description="Its place in the track, which has the exact time")  # type: ignore[valid-type]
    frame: bpy.props.IntProperty(name="Frame", description="Where it belongs; elsewhere, somebody moved it")  # type: ignore[valid-type]


class CadenzaCamera(bpy.types.PropertyGroup):
    """A camera that an animator bound to a marker that is hidden now."""

    index: bpy.props.IntProperty(name="Index")  # type: ignore[valid-type]
    camera: bpy.props.PointerProperty(type=bpy.types.Object)  # type: ignore[valid-type]


def _shown_changed(track: Any, context: Any) -> None:
    from . import markers

    markers.show_as_told(track.id_data, track)


class CadenzaTrack(bpy.types.PropertyGroup):
    """Annotations of one namespace, exactly, whether their markers are shown or not."""

    namespace: bpy.props.StringProperty(name="Kind", description="beat, downbeat, phrase, ...")  # type: ignore[valid-type]
    shown: bpy.props.BoolProperty(  # type: ignore[valid-type]
        name="Show", description="Show the markers of this kind on the timeline", update=_shown_changed
    )
    count: bpy.props.IntProperty(name="Count", description="How many there are")  # type: ignore[valid-type]
    data: bpy.props.StringProperty(name="Data", description="The annotations, as JSON")  # type: ignore[valid-type]
    place: bpy.props.StringProperty(name="Place", description="Where they lie in the scene, as JSON")  # type: ignore[valid-type]
    confidence: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Confidence", description="How sure these are on average", subtype="FACTOR", min=0.0, max=1.0
    )
    corrected: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Corrected", description="Seconds of the recording that were corrected and not generated since, as JSON"
    )
    edits: bpy.props.StringProperty(name="Edits", description="What was changed by hand, as JSON")  # type: ignore[valid-type]
    cameras: bpy.props.CollectionProperty(type=CadenzaCamera)  # type: ignore[valid-type]


class CadenzaTimeline(bpy.types.PropertyGroup):
    """The annotations of a scene."""

    tracks: bpy.props.CollectionProperty(type=CadenzaTrack)  # type: ignore[valid-type]
    index: bpy.props.IntProperty(name="Track")  # type: ignore[valid-type]


CLASSES: tuple[Any, ...] = (CadenzaMarker, CadenzaCamera, CadenzaTrack, CadenzaTimeline)


def register() -> None:
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.TimelineMarker.cadenza = bpy.props.PointerProperty(type=CadenzaMarker)
    bpy.types.Scene.cadenza_timeline = bpy.props.PointerProperty(type=CadenzaTimeline)


def unregister() -> None:
    del bpy.types.Scene.cadenza_timeline, bpy.types.TimelineMarker.cadenza
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
