# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an animator corrects in beats and bars: whole tracks anew, what was touched, and what a generation is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from . import markers, music_curves
from .core.annotations import CURVES, MADE_OF_BEATS, AnnotationTrack, find_track
from .core.metre_edits import Metre, nearest
from .recording import Recording, name_of, recording_of, same
from .timeline import frame_rate, seconds_at
from .track_state import WHOLE, Edits, PlacedTrack, Span

if TYPE_CHECKING:
    from .audio_source import Source

ALONE: Final = 1.0
"""Seconds around a correction that it concerns where it has no neighbours."""


class CorrectionError(ValueError):
    """Nothing to correct; the message says what is missing."""


def metre_of(scene: Any) -> Metre:
    """Beats and bars as they are on the timeline now; CorrectionError when there are none."""
    metre = Metre.of(markers.corrected_tracks(scene))
    if not metre.beats:
        raise CorrectionError("there are no beats; recognise or import them, or add one at the playhead")
    return metre


def change(scene: Any, edit: Callable[[Metre], Metre], origin: float, recording: Recording = ()) -> Metre:
    """Edit beats and bars, and put them on the timeline in place of those before.

    Args:
        origin: second of the recording at the scene's first frame, where there are no beats yet.
        recording: which it is, likewise.
    """
    before = Metre.of(markers.corrected_tracks(scene))
    after = edit(before)
    placed = _beats(scene)
    if placed is not None:
        origin, recording = origin_of(scene, origin), placed.recording
    hidden = {t.namespace for t in scene.cadenza_timeline.tracks if not t.shown}
    markers.add_markers(scene, after.tracks(), origin, recording=recording)
    for item in scene.cadenza_timeline.tracks:
        if item.namespace in MADE_OF_BEATS:
            touch(item, _different(before, after))
            markers.show_track(scene, item.namespace, item.namespace not in hidden)
    return after


def touch(item: Any, times: Iterable[float]) -> None:
    """Remember that a track was corrected at these seconds."""
    known = json.loads(item.corrected or "[]")
    item.corrected = json.dumps(sorted({*known, *(round(t, 4) for t in times)}))


def brought(scene: Any, tracks: Iterable[AnnotationTrack]) -> None:
    """These tracks are the animator's own (read from a file): generations take them as they are."""
    names = {t.namespace for t in tracks}
    for item in scene.cadenza_timeline.tracks:
        if item.namespace in names:
            item.corrected = item.corrected or "[]"


def recognised(scene: Any, namespaces: Collection[str], span: Span = WHOLE) -> None:
    """These tracks were recognised anew: nothing of them is corrected in that part of the recording."""
    for item in scene.cadenza_timeline.tracks:
        if item.namespace in namespaces and item.corrected:
            outside = any(a.time not in span for a in PlacedTrack.of(item).annotations.annotations)
            times = [t for t in json.loads(item.corrected) if t not in span]
            item.corrected = json.dumps(times) if outside else ""


def touched(scene: Any) -> list[float]:
    """Seconds of the recording that were corrected and not generated since, markers moved and deleted by hand too."""
    times: list[float] = []
    for item in scene.cadenza_timeline.tracks:
        times += json.loads(item.corrected or "[]")
        track, edits = PlacedTrack.of(item), Edits.of(item)
        markers.read_by_hand(scene, item, track, edits)
        known = track.annotations.annotations
        times += [known[i].time + shift for i, shift in edits.shifts.items()]
        times += [known[i].time for i in [*edits.shifts, *edits.deleted] if i < len(known)]
    return sorted(times)


def for_generation(scene: Any, source: Source | None = None) -> list[AnnotationTrack]:
    """The tracks that an animator corrected or brought along, for ``JobRequest.annotations``, in the seconds of what is
    played; curves are not read, nor what is of another recording."""
    wanted = {item.namespace for item in scene.cadenza_timeline.tracks if _is_corrected(scene, item)}
    wanted = set(_together(wanted)).difference(CURVES)
    items = zip(scene.cadenza_timeline.tracks, markers.corrected_tracks(scene), strict=True)
    chosen = [(PlacedTrack.of(item), track) for item, track in items if track.namespace in wanted and len(track)]
    if source is None:
        return [track for _, track in chosen]
    begins = PlacedTrack(AnnotationTrack(""), source.second, source.frame, frame_rate(scene))
    recording = recording_of(source)
    heard = [replace(placed, annotations=track) for placed, track in chosen if same(placed.recording, recording)]
    return [placed.seconds_of(begins).annotations for placed in heard]


def of_another(scene: Any, recording: Recording) -> frozenset[str]:
    """Namespaces that were corrected, but of another recording."""
    items = [t for t in scene.cadenza_timeline.tracks if not same(PlacedTrack.of(t).recording, recording)]
    return _together({item.namespace for item in items if _is_corrected(scene, item)})


def not_used(scene: Any, source: Source) -> str:
    """What is corrected of another recording and so not used, for people; empty when there is none."""
    names = of_another(scene, recording_of(source))
    if not names:
        return ""
    of = sorted({name_of(PlacedTrack.of(t).recording) for t in scene.cadenza_timeline.tracks if t.namespace in names})
    return f"what you corrected ({', '.join(sorted(names))}) is of {', '.join(of)}: it stays, and was not used here"


def _together(names: Collection[str]) -> frozenset[str]:
    """Beats and bars are one: each without the other would contradict it."""
    return frozenset(names).union(MADE_OF_BEATS if set(names) & set(MADE_OF_BEATS) else ())


def asked_for(scene: Any) -> dict[str, str]:
    """Namespace -> what was corrected of it until now, for :func:`settle`."""
    return {item.namespace: item.corrected for item in scene.cadenza_timeline.tracks if _is_corrected(scene, item)}


def state_of(scene: Any) -> dict[str, AnnotationTrack]:
    """Namespace -> its track as it is corrected now, for :func:`changed_since`."""
    return {t.namespace: t for t in markers.corrected_tracks(scene)}


def changed_since(scene: Any, before: Mapping[str, AnnotationTrack]) -> frozenset[str]:
    """Namespaces of the tracks that were corrected, brought or deleted since; beats and bars are one."""
    now = state_of(scene)
    return _together({n for n in {*now, *before} if now.get(n) != before.get(n)})


def edited_curves(scene: Any) -> list[str]:
    """Namespaces whose curve an animator edited."""
    every = (PlacedTrack.of(item) for item in scene.cadenza_timeline.tracks)
    return [placed.annotations.namespace for placed in every if music_curves.edited(scene, placed)]


def settle(scene: Any, asked: Mapping[str, str]) -> None:
    """What was corrected is in a take now; it stays the animator's. What was corrected since then is not settled."""
    for item in scene.cadenza_timeline.tracks:
        if asked.get(item.namespace) == item.corrected:
            item.corrected = "[]"


def frames_touched(scene: Any) -> tuple[int, int] | None:
    """First and last scene frame that corrections concern: each from the beat before it to the beat after it."""
    times = touched(scene)
    item = next((t for t in scene.cadenza_timeline.tracks if t.namespace == "beat"), None)
    if not times or item is None:
        return None
    placed = PlacedTrack.of(item)
    beats = [*find_track(markers.corrected_tracks(scene), "beat").times]
    first = max((b for b in beats if b < times[0] - 1e-6), default=times[0] - ALONE)
    last = min((b for b in beats if b > times[-1] + 1e-6), default=times[-1] + ALONE)
    return round(placed.exact_frame(first)), round(placed.exact_frame(last))


def chosen_beats(scene: Any, metre: Metre) -> set[int]:
    """Indices of the beats whose markers are selected."""
    origin = origin_of(scene, 0.0)
    half = 0.5 / frame_rate(scene)
    times = [
        seconds_at(scene, m.frame, origin)
        for m in scene.timeline_markers
        if m.select and m.cadenza.namespace in MADE_OF_BEATS
    ]
    found = {nearest(metre.beats, t): t for t in times}
    return {i for i, t in found.items() if abs(metre.beats[i] - t) <= half + 1e-3}


def beat_frames(scene: Any) -> list[float]:
    """Scene frames of the beats, with their fractions, rising."""
    item = next((t for t in scene.cadenza_timeline.tracks if t.namespace == "beat"), None)
    if item is None:
        return []
    placed = PlacedTrack.of(item)
    return [placed.exact_frame(t) for t in Metre.of(markers.corrected_tracks(scene)).beats]


def _is_corrected(scene: Any, item: Any) -> bool:
    if item.corrected:
        return True
    track, edits = PlacedTrack.of(item), Edits.of(item)
    markers.read_by_hand(scene, item, track, edits)
    return bool(edits.shifts or edits.deleted) or music_curves.edited(scene, track)


def origin_of(scene: Any, origin: float) -> float:
    """Second of the recording at the scene's first frame, as the beats that are there have it."""
    placed = _beats(scene)
    return origin if placed is None else placed.origin + (scene.frame_start - placed.anchor) / placed.rate


def _beats(scene: Any) -> PlacedTrack | None:
    """The track of the beats, or of the bars where there is none."""
    known = {item.namespace: item for item in scene.cadenza_timeline.tracks}
    item = next((known[n] for n in MADE_OF_BEATS if n in known), None)
    return PlacedTrack.of(item) if item is not None else None


def _different(before: Metre, after: Metre) -> Collection[float]:
    """Times of what is new, gone, or begins a bar where it did not."""

    def said(metre: Metre) -> set[tuple[float, bool]]:
        return {(round(t, 4), i in metre.firsts) for i, t in enumerate(metre.beats)}

    return {t for t, _ in said(before) ^ said(after)}
