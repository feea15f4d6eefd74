# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A character's motion repaired from its sound, as a new take; what was there stays as it is.

Whatever moves the character is looked at (an action, imported mocap, a take). Frames that the animator marked with a
marker of the name KEEP stay as they are.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Final

import numpy as np

from . import character, connection, corrections, obstacles, takes
from .applying import Destination
from .audio_source import Source, source_of
from .core.annotations import Annotation
from .core.motion import Motion
from .marking import Marks
from .order import Order
from .orders import OrderError, all_options, corrected, new_take, request_of, watched_character
from .reference import Reference
from .remote_job import RemoteJob
from .rig.capture import Poses, Watching
from .rig.hand_keys import keyed
from .timeline import frame_rate, seconds_at
from .track_state import PlacedTrack
from .watch import Watch, range_of

KEEP: Final = "Keep"
"""Name of the markers (Blender adds numbers) at frames that are right."""
CHANGE: Final = "change"
"""The track that tells how much was changed, millimetres."""
MAPNET: Final = "mapnet"
"""The corrector that panel and takes are named after."""
BLOCKING: Final = 1 / 3
"""Part of the frames with keys, from the first key to the last, below which they are poses, meant as they are."""
NOTICED: Final = 20.0
"""Millimetres from which a change is one to look at."""


def order(scene: Any) -> Order:
    """Repair what the chosen character does while the source sounds."""
    source, armature = source_of(scene), watched_character(scene)
    if source.sound is None:
        raise OrderError("repairing needs the recording; choose a sound strip, a speaker or a file in Source")
    bone_map = character.bone_map_of(armature)
    state = scene.cadenza
    part = (state.repair_from, state.repair_to) if state.repair_part else None
    first, last, origin = frames_to(scene, source, part, "repair")
    look = Poses(armature, bone_map)
    watching = Watching(scene, armature, look, first, last, origin, frame_rate(scene))
    posed, meant = seen_frames(keyed(armature, look.bones, watching.frames))
    if any(c.retimes for c in connection.known().correctors() if c.name == state.corrector):
        # What lies between key poses goes to other times with them.
        posed, meant = np.ones_like(posed), np.zeros_like(posed)
    keep = kept_seconds(scene, watching.frames, meant, origin)
    asked = {"corrector": state.corrector, "options": all_options(state), "keep": keep, **corrected(scene, source)}
    request = replace(request_of(scene, source, asked), start=None, end=None)
    job = RemoteJob(connection.backend(), request, source.sound, None)
    watch = Watch(watching, job, lambda motion: only_posed(motion, posed))
    made = {"generator": state.corrector, "repaired": {"frames": [first, last], "posed": int(posed.sum())}}
    mark = Marks(Reference.to(scene), source, frozenset({CHANGE}), whole=True)
    to, not_used = _destination(scene, source), corrections.not_used(scene, source)
    return Order(title(state), None, to, made, mark, watch, over=True, baked=True, section="repair", told=not_used)


def title(state: Any) -> str:
    """What the chosen corrector does, for button and progress."""
    if state.corrector == MAPNET:
        return "Repair from Audio"
    return next((c.label for c in connection.known().correctors() if c.name == state.corrector), state.corrector)


def seen_frames(posed: Any) -> tuple[Any, Any]:
    """(T,) which frames count as seen, and which are meant as they are, of those with keys. Of blocking both are its
    poses. Else what lies between two keys was seen by nobody, and before the first and after the last all stands."""
    at = np.nonzero(posed)[0]
    span = slice(at[0], at[-1] + 1)
    if posed[span].mean() < BLOCKING:
        return posed, posed
    seen = np.ones_like(posed)
    seen[span] = posed[span]
    return seen, np.zeros_like(posed)


def kept_seconds(scene: Any, frames: Any, meant: Any, origin: float) -> tuple[float, ...]:
    """Seconds of the frames that stay: those that are marked, and those that are meant as they are."""
    chosen = set(frames[meant].tolist())
    chosen |= {float(f) for f in kept_frames(scene) if frames[0] <= f <= frames[-1]}
    return tuple(float(seconds_at(scene, frame, origin)) for frame in sorted(chosen))


def _destination(scene: Any, source: Source) -> Destination:
    state = scene.cadenza
    return replace(new_take(scene, source), name="Repaired 1" if state.corrector == MAPNET else f"{title(state)} 1")


def frames_to(scene: Any, source: Source, part: tuple[int, int] | None, act: str) -> tuple[float, float, float]:
    """First and last frame (of ``part``, where there is one) in which to repair, or whatever the act is called, both
    whole, as keys lie on whole frames; and the recording's second at the scene's first frame."""
    first, last, origin = range_of(scene, source)
    if part is not None:
        if part[0] >= part[1]:
            raise OrderError(f"the range to {act} is empty; let it end after it begins")
        first, last = max(first, float(part[0])), min(last, float(part[1]))
    first, last = float(math.ceil(first - 1e-3)), float(math.floor(last + 1e-3))
    if last <= first:
        raise OrderError("nothing of the source sounds in these frames; choose others, or move the sound")
    return first, last, origin


def only_posed(motion: Motion, posed: Any) -> Motion:
    """The motion with nothing seen in frames that nobody posed."""
    if posed.all():
        return motion
    positions = np.where(posed[:, None, None], motion.positions, np.nan)
    rotations = motion.rotations
    if rotations is not None:
        rotations = np.where(posed[:, None, None], rotations, np.nan)
    return replace(motion, positions=positions, rotations=rotations)


def kept_frames(scene: Any) -> list[int]:
    """Frames that the animator marked as right, in order."""
    return sorted({m.frame for m in scene.timeline_markers if _is_keep(m)})


def toggle_keep(scene: Any) -> bool:
    """Mark the current frame as right, or take that back; whether it is marked now."""
    frame = scene.frame_current
    found = [m for m in scene.timeline_markers if _is_keep(m) and m.frame == frame]
    for marker in found:
        scene.timeline_markers.remove(marker)
    if not found:
        scene.timeline_markers.new(KEEP, frame=frame)
    return not found


def _is_keep(marker: Any) -> bool:
    return not marker.cadenza.namespace and marker.name.split(".")[0].strip().lower() == KEEP.lower()


def offset_found(scene: Any) -> float | None:
    """Seconds by which the sound came too late when the chosen take was repaired; None when it lay right, or nobody can
    tell."""
    take = obstacles.chosen_take(scene)
    found = takes.provenance(take).get("repair", {}) if take is not None else {}
    return float(found["offset"]) if "offset" in found else None


def use_offset(scene: Any) -> None:
    """Let the corrector reckon with that offset from now on, if it has an option of that name."""
    offset = offset_found(scene)
    group: Any = getattr(scene.cadenza, f"options_{scene.cadenza.corrector}", None)
    if offset is not None and hasattr(group, "value_offset"):
        group.value_offset = offset


def next_change(scene: Any) -> int | None:
    """The frame of the next place at which the last repair changed much, from the first again behind the last; None
    when it nowhere did."""
    track = next((t for t in scene.cadenza_timeline.tracks if t.namespace == CHANGE), None)
    if track is None:
        return None
    placed = PlacedTrack.of(track)
    frames = [round(placed.exact_frame(a.time)) for a in peaks(placed.annotations.annotations)]
    later = [f for f in frames if f > scene.frame_current]
    return later[0] if later else frames[0] if frames else None


def peaks(values: tuple[Annotation, ...]) -> list[Annotation]:
    """The largest value of each stretch that is above NOTICED."""
    found: list[Annotation] = []
    above = False
    for value in values:
        if value.value < NOTICED:
            above = False
        elif not above:
            found.append(value)
            above = True
        elif value.value > found[-1].value:
            found[-1] = value
    return found
