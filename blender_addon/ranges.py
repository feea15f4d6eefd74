# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stretches of the music (phrases, dynamics) as coloured strips on a channel of the Video Sequencer.

They are muted colour strips: seen on the timeline, never in the picture, never heard. Ours are known by a property.
"""

from __future__ import annotations

from typing import Any, Final

from .audio_source import all_strips
from .core.annotation_files import label
from .core.annotations import Annotation, AnnotationTrack
from .track_state import PlacedTrack

COLOURS: Final = {
    "phrase": ("COLOR_04", (0.35, 0.6, 0.35)),
    "dynamics": ("COLOR_02", (0.75, 0.5, 0.25)),
    "articulation": ("COLOR_05", (0.3, 0.5, 0.75)),
}
"""Namespaces that are stretches: the strip's colour tag, and its colour."""
OWN: Final = "cadenza_namespace"
FIRST_CHANNEL: Final = 3


def put(scene: Any, track: AnnotationTrack, placed: PlacedTrack) -> int:
    """Show a track as strips, in place of those that it has; how many."""
    remove(scene, track.namespace)
    if track.namespace not in COLOURS or not any(a.duration > 0 for a in track.annotations):
        return 0
    editor = scene.sequence_editor or scene.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    channel = _channel(scene, track.namespace)
    tag, colour = COLOURS[track.namespace]
    free, count = -(10**9), 0
    for a in track.annotations:
        first = max(round(placed.exact_frame(a.time)), free)
        last = round(placed.exact_frame(a.end))
        if last <= first:
            continue
        strip = _new_strip(strips, _name(track.namespace, a), channel, first, last)
        strip.color, strip.mute, strip.color_tag, strip.select = colour, True, tag, False
        strip[OWN] = track.namespace
        free, count = last, count + 1
    editor.channels[channel].name = _channel_name(track.namespace)
    return count


def _name(namespace: str, annotation: Annotation) -> str:
    words = label(namespace, annotation)
    return words[:1].upper() + words[1:]


def remove(scene: Any, namespace: str) -> None:
    """Take a track's strips away."""
    editor = scene.sequence_editor
    if editor is None:
        return
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    for strip in [s for s in strips if s.get(OWN) == namespace]:
        strips.remove(strip)
    for number, channel in enumerate(editor.channels):
        if channel.name == _channel_name(namespace):
            channel.name = f"Channel {number}"


def _channel_name(namespace: str) -> str:
    return f"Cadenza {namespace}"


def _channel(scene: Any, namespace: str) -> int:
    """A channel that nothing else lies on."""
    taken = {s.channel for s in all_strips(scene) if s.get(OWN) != namespace}
    return next(c for c in range(FIRST_CHANNEL, 128) if c not in taken)


def _new_strip(strips: Any, name: str, channel: int, first: int, last: int) -> Any:
    try:
        return strips.new_effect(name=name, type="COLOR", channel=channel, frame_start=first, length=last - first)
    except TypeError:  # before 5.0
        return strips.new_effect(name=name, type="COLOR", channel=channel, frame_start=first, frame_end=last)
