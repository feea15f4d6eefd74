# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties that Cadenza keeps in .blend files.

A marker of ours is known by its ``cadenza`` property: it holds the exact time (markers
themselves stand on whole frames) and what it marks, so that only our own markers are
ever changed or removed.
"""

from __future__ import annotations

import bpy


class CadenzaMarker(bpy.types.PropertyGroup):
    """What a timeline marker of ours stands for."""

    namespace: bpy.props.StringProperty(name="Kind", description="beat, downbeat, phrase, ...")  # type: ignore[valid-type]
    time: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Time", description="Exact time in the recording", unit="TIME_ABSOLUTE", precision=4
    )
    value: bpy.props.StringProperty(name="Value", description="What is marked, for a beat its place in the bar")  # type: ignore[valid-type]


CLASSES = (CadenzaMarker,)


def register() -> None:
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.TimelineMarker.cadenza = bpy.props.PointerProperty(type=CadenzaMarker)


def unregister() -> None:
    del bpy.types.TimelineMarker.cadenza
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
