# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Annotation tracks as timeline markers: shown, hidden, put again in place; the user's own are left alone.

The scene keeps every track exactly (``scene.cadenza_timeline``); markers are made from it.
What an animator does to a marker of ours is theirs: moved, renamed, bound to a camera,
selected or deleted, it stays so when the frame rate changes and when the track is hidden
and shown. Only :func:`add_markers`, the explicit new run, puts moved and deleted ones back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from . import music_curves, ranges
from .belongings import Leaving, hand_over, leave
from .core.annotations import CURVES, Annotation, AnnotationTrack
from .recording import Recording, same
from .timeline import frame_rate
from .track_state import WHOLE, Edits, PlacedTrack, Span, merged, there_again

DEFAULT: Final = ("downbeat", "beat")
"""Namespaces that are shown unless told otherwise."""


@dataclass(frozen=True)
class MovedMarker:
    """A marker that was moved by hand: the animator corrected an annotation.

    Attributes:
        annotation: as it was recognised.
        index: its place in the track.
        time: seconds in the recording where the marker is now.
    """

    namespace: str
    annotation: Annotation
    index: int
    time: float


def add_markers(
    scene: Any,
    tracks: Iterable[AnnotationTrack],
    origin: float,
    shown: Collection[str] | None = None,
    span: Span = WHOLE,
    recording: Recording = (),
) -> int:
    """Put tracks on the timeline, in place of those of the same namespace; returns how many markers are shown.

    A marker whose annotation is there again (within 50 ms) stays the same marker, with its
    camera, its selection and its name, if that was changed. Of others these go over to the
    beat or bar on their frame; where there is none, the marker stays as the animator's own.

    Args:
        scene: whose frame range begins where the recording's second ``origin`` is.
        tracks: what was recognised; other tracks of the scene stay.
        shown: namespaces to show. Without, a track stays as it is, and of new ones beats and
            downbeats are shown.
        span: the part of the recording that the tracks are about; what lies outside it stays as it is.
        recording: which they are of; tracks of another are replaced altogether.
    """
    renewed = {}
    leaving: list[Leaving] = []
    for track in tracks:
        item = _find(scene, track.namespace)
        if item is None:
            item = scene.cadenza_timeline.tracks.add()
            _set_shown(item, track.namespace in DEFAULT)
        if shown is not None:
            _set_shown(item, track.namespace in shown)
        new = PlacedTrack(track, origin, float(scene.frame_start), frame_rate(scene), recording)
        own = bool(item.data) and _own_curve(scene, PlacedTrack.of(item), recording)
        placed, edits, there = _renew(scene, item, new, span, leaving)
        renewed[track.namespace] = (placed, edits, there)
        if not own:
            music_curves.put(scene, placed.annotations, placed)
    for item in scene.cadenza_timeline.tracks:
        if item.namespace in renewed:
            leaving += _put(scene, item, *renewed[item.namespace])
        elif item.namespace == "beat":
            leaving += _settle(scene, item)
    hand_over(scene, leaving)
    return sum(m.cadenza.namespace in renewed for m in scene.timeline_markers)


def show_track(scene: Any, namespace: str, shown: bool = True) -> None:
    """Show or hide the markers of a namespace; hidden ones come back exactly as they were."""
    item = _find(scene, namespace)
    if item is not None and item.shown != shown:
        item.shown = shown  # settles


def delete_track(scene: Any, namespace: str) -> None:
    """Remove a namespace's markers and annotations from the scene; cameras and names that were given to them stay."""
    leaving = _left_behind(scene, _find(scene, namespace))
    for marker in [m for m in scene.timeline_markers if m.cadenza.namespace == namespace]:
        scene.timeline_markers.remove(marker)
    tracks = scene.cadenza_timeline.tracks
    for i in reversed([i for i, item in enumerate(tracks) if item.namespace == namespace]):
        tracks.remove(i)
    music_curves.remove(scene, namespace)
    ranges.remove(scene, namespace)
    if namespace == "downbeat" and (beats := _find(scene, "beat")) is not None:
        leaving += _settle(scene, beats)
    hand_over(scene, leaving)


def _left_behind(scene: Any, item: Any) -> list[Leaving]:
    """The markers of a track that is to go, no longer ours."""
    if item is None:
        return []
    if not item.shown and (item.cameras or Edits.of(item).names):
        item.shown = True  # settles: what they were given is seen again
    edits = Edits.of(item)
    there = read_by_hand(scene, item, PlacedTrack.of(item), edits)
    _take_over(scene, item, there)
    return [leave(marker, index in edits.names) for index, marker in there.items()]


def remove_markers(scene: Any) -> None:
    """Remove all that is ours from the timeline."""
    for namespace in {m.cadenza.namespace for m in scene.timeline_markers} - {""}:
        delete_track(scene, namespace)
    scene.cadenza_timeline.tracks.clear()


def refresh_markers(scene: Any) -> None:
    """Put the markers where they belong after the scene's frame rate was changed."""
    for item in scene.cadenza_timeline.tracks:
        if PlacedTrack.rate_of(item) != frame_rate(scene):
            for gone in _settle(scene, item):  # it comes back with the frame rate
                scene.timeline_markers.remove(gone.marker)


def tracks_of(scene: Any) -> list[AnnotationTrack]:
    """The scene's annotations, exactly as they were recognised."""
    return [PlacedTrack.of(item).annotations for item in scene.cadenza_timeline.tracks]


def corrected_tracks(scene: Any) -> list[AnnotationTrack]:
    """The scene's annotations as the animator left them: moved with their markers, without those deleted."""
    result = []
    for item in scene.cadenza_timeline.tracks:
        track, edits = PlacedTrack.of(item), Edits.of(item)
        read_by_hand(scene, item, track, edits)
        kept = [(i, a) for i, a in enumerate(track.annotations.annotations) if i not in edits.deleted]
        edited = music_curves.read(scene, track.annotations, track).annotations
        corrected = [edits.corrected(i, edited[i]) for i, _ in kept]
        if item.namespace == "dynamics":
            corrected = music_curves.with_added(scene, track, corrected)
        result.append(AnnotationTrack(item.namespace, tuple(corrected)))
    return result


def moved_markers(scene: Any) -> list[MovedMarker]:
    """Markers of ours that were moved by hand, hidden ones included."""
    result = []
    for item in scene.cadenza_timeline.tracks:
        track, edits = PlacedTrack.of(item), Edits.of(item)
        read_by_hand(scene, item, track, edits)
        for index, shift in sorted(edits.moved.items()):
            annotation = track.annotations.annotations[index]
            result.append(MovedMarker(item.namespace, annotation, index, annotation.time + shift))
    return result


def show_as_told(scene: Any, item: Any) -> None:
    """Let the timeline agree with a track that was shown or hidden."""
    if not item.data:
        return  # a new one, which has nothing yet
    leaving = _settle(scene, item)
    if item.namespace == "downbeat" and (beats := _find(scene, "beat")) is not None:
        leaving += _settle(scene, beats)  # beats under a downbeat come and go with it
    hand_over(scene, leaving)


def label(namespace: str, annotation: Annotation) -> str:
    """What a marker is called."""
    value = annotation.value
    if isinstance(value, dict):
        value = value.get("label", value.get("pitch"))
    if namespace == "downbeat":
        return f"Bar {value}"
    return namespace.capitalize() if value is None else str(value)


def _find(scene: Any, namespace: str) -> Any:
    return next((item for item in scene.cadenza_timeline.tracks if item.namespace == namespace), None)


def _set_shown(item: Any, shown: bool) -> None:
    """Without settling: the track's data is being changed."""
    data, item.data = item.data, ""
    item.shown = shown
    item.data = data


def _markers(scene: Any, namespace: str) -> dict[int, Any]:
    """The track's markers by their annotation; of several, the one that stands where it belongs."""
    found: dict[int, Any] = {}
    for marker in scene.timeline_markers:
        ours = marker.cadenza
        if ours.namespace == namespace and (ours.index not in found or marker.frame == ours.frame):
            found[ours.index] = marker
    return found


def _take_over(scene: Any, item: Any, there: dict[int, Any]) -> None:
    """Keep the cameras of a track's markers; copies of markers that a user made become theirs."""
    for marker in scene.timeline_markers:
        ours = marker.cadenza
        if ours.namespace == item.namespace and there.get(ours.index, marker) != marker:
            ours.namespace = ""
    if there:
        _keep_cameras(item, {i: marker.camera for i, marker in there.items() if marker.camera is not None})


def _keep_cameras(item: Any, cameras: Mapping[int, Any]) -> None:
    item.cameras.clear()
    for index, camera in cameras.items():
        kept = item.cameras.add()
        kept.index, kept.camera = index, camera


def read_by_hand(scene: Any, item: Any, track: PlacedTrack, edits: Edits) -> dict[int, Any]:
    """Read into ``edits`` what was done to the markers since they were placed; the markers. Changes nothing else."""
    ranges.read_by_hand(scene, track, edits.strips)
    if not edits.placed:
        return {}
    there = _markers(scene, item.namespace)
    edits.deleted |= edits.placed - set(there)
    edits.selected = {i for i, marker in there.items() if marker.select}
    for index, marker in there.items():
        belongs = track.frame(index)
        away = marker.frame - belongs
        if away == 0:
            edits.moved.pop(index, None)
        elif away != track.frame(index, edits.moved.get(index, 0.0)) - belongs:
            edits.moved[index] = away / track.rate
        name = label(item.namespace, track.annotations.annotations[index])
        if marker.name != name:
            edits.names[index] = marker.name
        else:
            edits.names.pop(index, None)
    return there


def _settle(scene: Any, item: Any) -> list[Leaving]:
    """Keep what was done by hand, then let the timeline show the track, or not, at the frame rate of now; the markers
    for which others stand now."""
    track, edits = PlacedTrack.of(item), Edits.of(item)
    there = read_by_hand(scene, item, track, edits)
    _take_over(scene, item, there)
    now = replace(track, rate=frame_rate(scene))
    music_curves.stretch(scene, item.namespace, track.anchor, now.rate / track.rate)
    return _put(scene, item, now, edits, there)


def _put(scene: Any, item: Any, track: PlacedTrack, edits: Edits, there: dict[int, Any]) -> list[Leaving]:
    """Let the timeline show the track, or not; ``there`` are the markers that it has. The markers for which others
    stand now."""
    track.keep_place(item)
    if item.shown:
        ranges.put(scene, track, edits.strips)
    else:
        ranges.remove(scene, item.namespace)
    marked = item.shown and item.namespace not in CURVES
    wanted = set(range(len(track.annotations))) - edits.deleted - _covered(scene, track) if marked else set()
    leaving = []
    for index in set(there) - wanted:
        marker = there.pop(index)
        if marked:
            _place(marker, track, index, edits)
            leaving.append(leave(marker, index in edits.names))
        else:
            scene.timeline_markers.remove(marker)
    cameras = {kept.index: kept.camera for kept in item.cameras}
    for index in sorted(wanted):
        marker = there.get(index)
        if marker is None:
            marker = scene.timeline_markers.new(label(item.namespace, track.annotations.annotations[index]))
            _describe(marker, track, index)
            marker.select = index in edits.selected
            if index in cameras:
                marker.camera = cameras[index]
        _place(marker, track, index, edits)
    edits.placed = wanted
    edits.keep(item)
    return leaving


def _describe(marker: Any, track: PlacedTrack, index: int) -> None:
    """Say which annotation a marker stands for."""
    annotation, ours = track.annotations.annotations[index], marker.cadenza
    ours.namespace, ours.index, ours.time = track.annotations.namespace, index, annotation.time
    ours.value, ours.confidence = "" if annotation.value is None else str(annotation.value), annotation.confidence


def _place(marker: Any, track: PlacedTrack, index: int, edits: Edits) -> None:
    name = edits.names.get(index) or label(track.annotations.namespace, track.annotations.annotations[index])
    if marker.name != name:
        marker.name = name
    frame = track.frame(index)
    moved = track.frame(index, edits.moved[index]) if index in edits.moved else frame
    if marker.cadenza.frame != frame:
        marker.cadenza.frame = frame
    if marker.frame != moved:
        marker.frame = moved


def _covered(scene: Any, track: PlacedTrack) -> set[int]:
    """Beats that fall on the frame of a downbeat that is shown: one marker says both."""
    above = _find(scene, "downbeat") if track.annotations.namespace == "beat" else None
    if above is None or not above.shown:
        return set()
    bars = replace(PlacedTrack.of(above), rate=track.rate)
    taken = {bars.frame(i) for i in range(len(bars.annotations))}
    return {i for i in range(len(track.annotations)) if track.frame(i) in taken}


def _renew(
    scene: Any, item: Any, track: PlacedTrack, span: Span, leaving: list[Leaving]
) -> tuple[PlacedTrack, Edits, dict[int, Any]]:
    """Give a track new annotations; the track, what is kept by hand, and the markers that go over to those there
    again. The others join those that are ``leaving``."""
    if not item.data:
        _drop_strays(scene, track.annotations.namespace)
        track.keep(item)
        return track, Edits(), {}
    old, edits = PlacedTrack.of(item), Edits.of(item)
    there = read_by_hand(scene, item, old, edits)
    _take_over(scene, item, there)
    now: dict[int, int] = {}
    stayed: dict[int, int] = {}
    stays_at = old
    if same(old.recording, track.recording):
        old, stays_at = old.seconds_of(track), track
        new, stayed = merged(old.annotations, edits, track.annotations, span)
        track = replace(track, annotations=new)
        now = there_again(old.annotations, edits, new, stayed)
    else:
        item.corrected = ""
    if not item.shown:
        there |= _cut_to(scene, item, old, edits, set(now))
    ranges.let_go(scene, item.namespace, set(edits.strips) - set(now))
    ranges.remove(scene, item.namespace)
    _keep_cameras(item, {now[kept.index]: kept.camera for kept in item.cameras if kept.index in now})
    for index in set(there) - set(now):
        marker, gone = there.pop(index), old.annotations.annotations[index]
        marker.frame = round(stays_at.exact_frame(gone.time + edits.shifts.get(index, 0.0)))
        leaving.append(leave(marker, index in edits.names))
    for index, marker in there.items():
        _describe(marker, track, now[index])
    track.keep(item)
    return track, edits.renewed(now, stayed), {now[index]: marker for index, marker in there.items()}


def _own_curve(scene: Any, old: PlacedTrack, recording: Recording) -> bool:
    """Whether an animator edited the curve of a track that is made anew of the same recording."""
    return same(old.recording, recording) and music_curves.edited(scene, old)


def _cut_to(scene: Any, item: Any, track: PlacedTrack, edits: Edits, there_again: set[int]) -> dict[int, Any]:
    """Markers for the cameras and names of a hidden track whose annotations are not there again."""
    cameras = {kept.index: kept.camera for kept in item.cameras if kept.camera is not None}
    found = {}
    for index in sorted({*cameras, *edits.names} - there_again):
        name = edits.names.get(index, label(item.namespace, track.annotations.annotations[index]))
        found[index] = scene.timeline_markers.new(name)
        found[index].camera = cameras.get(index)
    return found


def _drop_strays(scene: Any, namespace: str) -> None:
    """Markers of a file that was made before tracks were kept."""
    for marker in [m for m in scene.timeline_markers if m.cadenza.namespace == namespace]:
        scene.timeline_markers.remove(marker)
