# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stretches of the music (phrases, dynamics) as coloured strips on a channel of the Video Sequencer.

They are muted colour strips: seen on the timeline, never in the picture, never heard. Ours are known by a property.
What an animator changes of them (name, ends) is kept, as it is of markers.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, Final

from .audio_source import all_strips
from .core.annotation_files import label
from .core.annotations import Annotation
from .timeline import free_channel, untouched
from .track_state import UNCHANGED, PlacedTrack, StripEdit

COLOURS: Final = {
    "phrase": ("COLOR_04", (0.35, 0.6, 0.35)),
    "dynamics": ("COLOR_02", (0.75, 0.5, 0.25)),
    "articulation": ("COLOR_05", (0.3, 0.5, 0.75)),
    "pedal": ("COLOR_08", (0.45, 0.4, 0.4)),
}
"""Namespaces that are stretches: the strip's colour tag, and its colour."""
OWN: Final = "cadenza_namespace"
MADE: Final = "cadenza_made"
"""Property of our strips: index of the annotation, the name that was given, and how the strip was made, as JSON."""
NOT_KNOWN: Final = "[-1, null, null]"
FIRST_CHANNEL: Final = 3
Shown = tuple[str, int, int]
"""Name, first and last frame."""


def put(scene: Any, placed: PlacedTrack, by_hand: Mapping[int, StripEdit] | None = None) -> None:
    """Show a track as strips; those that are where they belong stay as they are.

    Args:
        by_hand: what an animator changed of its strips (:func:`read_by_hand`).
    """
    track = placed.annotations
    if track.namespace not in COLOURS or not any(a.duration > 0 for a in track.annotations):
        remove(scene, track.namespace)
        return
    _release_copies(scene, track.namespace)
    wanted, there = _wanted(placed, by_hand or {}), _ours(scene, track.namespace)
    channel = _channel(scene, track.namespace)
    standing = {i: strip for i, strip in there.items() if _stands(strip, wanted.get(i))}
    for strip in [s for s in _all_ours(scene, track.namespace) if not _among(s, standing)]:
        _strips(scene).remove(strip)
    for index in sorted(set(wanted) - set(standing)):
        name, first, last = wanted[index]
        standing[index] = _new_strip(_strips(scene), name, channel, first, last)
        _dress(standing[index], track.namespace)
    for index, strip in standing.items():
        strip[MADE] = json.dumps([index, wanted[index][0], _seen(strip)])
    named = scene.sequence_editor.channels[channel]
    if untouched(named, channel):
        named.name = _channel_name(track.namespace)


def read_by_hand(scene: Any, placed: PlacedTrack, by_hand: dict[int, StripEdit]) -> None:
    """Read into ``by_hand`` how an animator changed a track's strips since they were put: by the annotation's index,
    its name (or None), and seconds by which its ends were moved. Changes nothing else."""
    for index, strip in _ours(scene, placed.annotations.namespace).items():
        _, _, made = json.loads(strip[MADE])
        name, first, last = _seen(strip)
        if [name, first, last] == made or index >= len(placed.annotations):
            continue
        known, a = by_hand.get(index, UNCHANGED), placed.annotations.annotations[index]
        ends = (placed.seconds(first) - a.time, placed.seconds(last) - a.end)
        by_hand[index] = (name if name != made[0] else known[0], *(ends if [first, last] != made[1:] else known[1:]))


def let_go(scene: Any, namespace: str, indices: Collection[int]) -> None:
    """Strips that an animator changed and whose annotations are gone become the animator's own."""
    for index, strip in _ours(scene, namespace).items():
        if index in indices:
            del strip[OWN]


def remove(scene: Any, namespace: str) -> None:
    """Take a track's strips away; copies that an animator made of them stay."""
    _release_copies(scene, namespace)
    for strip in _all_ours(scene, namespace):
        _strips(scene).remove(strip)
    for number, channel in enumerate(scene.sequence_editor.channels if scene.sequence_editor is not None else ()):
        if channel.name == _channel_name(namespace):
            channel.name = f"Channel {number}"


def _wanted(placed: PlacedTrack, by_hand: Mapping[int, StripEdit]) -> dict[int, Shown]:
    """Where a track's strips belong: one after the other, but for those that an animator moved."""
    wanted: dict[int, Shown] = {}
    free = -(10**9)
    for index, a in enumerate(placed.annotations.annotations):
        name, start, end = by_hand.get(index, UNCHANGED)
        first, last = (round(placed.exact_frame(t)) for t in (a.time + (start or 0.0), a.end + (end or 0.0)))
        first = max(first, free) if start is None else first
        if last > first:
            wanted[index] = (name or _name(placed.annotations.namespace, a), first, last)
            free = last
    return wanted


def _stands(strip: Any, wanted: Shown | None) -> bool:
    """Whether a strip is as it belongs; Blender may have added a number to the name that it was given."""
    _, name, made = json.loads(strip[MADE])
    seen = _seen(strip)
    return wanted is not None and (seen == [*wanted] or (seen == made and [name, *made[1:]] == [*wanted]))


def _strips(scene: Any) -> Any:
    editor = scene.sequence_editor or scene.sequence_editor_create()
    return editor.strips if hasattr(editor, "strips") else editor.sequences


def _all_ours(scene: Any, namespace: str) -> list[Any]:
    return [s for s in all_strips(scene) if s.get(OWN) == namespace] if namespace in COLOURS else []


def _ours(scene: Any, namespace: str) -> dict[int, Any]:
    """A track's strips by their annotation; of several, the one that is as it was made."""
    found: dict[int, Any] = {}
    for strip in _all_ours(scene, namespace):
        index, _, made = json.loads(strip.get(MADE, NOT_KNOWN))
        if index >= 0 and (index not in found or _seen(strip) == made):
            found[index] = strip
    return found


def _among(strip: Any, strips: Mapping[int, Any]) -> bool:
    """Whether it is the one of its annotation."""
    one = strips.get(json.loads(strip.get(MADE, NOT_KNOWN))[0])
    return one is not None and bool(one == strip)


def _release_copies(scene: Any, namespace: str) -> None:
    """Copies that an animator made of our strips become the animator's."""
    there = _ours(scene, namespace)
    for strip in [s for s in _all_ours(scene, namespace) if MADE in s and not _among(s, there)]:
        del strip[OWN]


def _seen(strip: Any) -> list[Any]:
    """Name, first and last frame of a strip."""
    if hasattr(strip, "content_start"):  # from 5.2 on, where the names below are deprecated
        return [strip.name, round(strip.left_handle), round(strip.right_handle)]
    return [strip.name, strip.frame_final_start, strip.frame_final_end]


def _name(namespace: str, annotation: Annotation) -> str:
    words = label(namespace, annotation)
    return words[:1].upper() + words[1:]


def _dress(strip: Any, namespace: str) -> None:
    strip.color_tag, strip.color = COLOURS[namespace]
    strip.mute, strip.select = True, False
    strip[OWN] = namespace


def _channel_name(namespace: str) -> str:
    return f"Cadenza {namespace}"


def _channel(scene: Any, namespace: str) -> int:
    """The channel of a track's strips, or one on which nothing lies."""
    others = [s for s in all_strips(scene) if s.get(OWN) != namespace]
    ours = {s.channel for s in _all_ours(scene, namespace)} - {s.channel for s in others}
    editor = scene.sequence_editor or scene.sequence_editor_create()
    return min(ours) if ours else free_channel(editor, others, FIRST_CHANNEL)


def _new_strip(strips: Any, name: str, channel: int, first: int, last: int) -> Any:
    try:
        return strips.new_effect(name=name, type="COLOR", channel=channel, frame_start=first, length=last - first)
    except TypeError:  # before 5.0
        return strips.new_effect(name=name, type="COLOR", channel=channel, frame_start=first, frame_end=last)
