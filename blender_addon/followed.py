# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generators that play with the body of the character as it is: it is looked at, and stays; arms and hands play."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import floor
from typing import Any, Final

import numpy as np

from . import character, connection, corrections
from .audio_source import Source, source_of
from .marking import Marks
from .order import Order
from .orders import all_options, corrected, corrections_in, new_take, rate_of, request_of, watched_character
from .reference import Reference
from .remote_job import RemoteJob
from .repairs import frames_to, kept_seconds, only_posed, seen_frames
from .rig.action import key_frames
from .rig.capture import Poses, Watching
from .rig.hand_keys import keyed, unposed_limbs
from .rig.nla import played_on
from .timeline import frame_rate, seconds_at
from .watch import Watch

AROUND: Final = 4.0
"""Seconds before and after the body's in which is played too (``Destination.cut`` takes them off again)."""
PRECISE: Final = 0.01
"""Part of a frame by which one may be off and still be whole."""
VARIATION: Final = "variation"
"""Option that says how much of the body is made up all the same."""
STILL: Final = "nothing moves this character yet: its body stands still; untick Keep My Body for one that sways"
PLAYED: Final = "played"
"""What the provenance of such a take says."""


def wanted(scene: Any) -> bool:
    """Whether the chosen generator is to keep the body."""
    return bool(scene.cadenza.keep_body) and connection.known().follows(scene.cadenza.generator)


def idle_options(name: str) -> tuple[str, ...]:
    """Options that do nothing where no body is varied."""
    return (VARIATION,) if connection.known().follows(name) else ()


def order(scene: Any) -> Order:
    """A new take of the chosen character, with the body that it has now."""
    state, source, armature = scene.cadenza, source_of(scene), watched_character(scene)
    first, last, origin = frames_to(scene, source, None, "play in")
    look = Poses(armature, character.bone_map_of(armature))
    watching = Watching(scene, armature, look, first, last, origin, rate_of(scene))
    posed, meant = seen_frames(keyed(armature, look.bones, watching.frames))
    keep = kept_seconds(scene, watching.frames, meant, origin)
    options = _unvaried(all_options(state), state.generator)
    ends = float(watching.frames[0]), float(watching.frames[-1])
    work = job(scene, source, state.generator, ends, state.seed, options, keep)
    free = unposed_limbs(armature, character.bone_map_of(armature), watching.frames, key_frames)
    part = replace(source, start=work.request.start, end=work.request.end)
    return Order(
        "Generate",
        None,
        destination=replace(new_take(scene, source), kept=keep, follows=True, free=free),
        provenance={PLAYED: {"frames": [first, last], "posed": int(posed.sum())}},
        mark=Marks(Reference.to(scene), part).since(scene) if state.mark_takes else None,
        prepare=Watch(watching, work, lambda motion: only_posed(motion, posed)),
        over=True,
        baked=True,
        corrected=corrections_in(scene, work.request.annotations),
        told="; ".join(filter(None, (corrections.not_used(scene, source), "" if _moves(armature) else STILL))),
    )


def _moves(armature: Any) -> bool:
    """Whether anything may move the body."""
    driven = armature.animation_data is not None and len(armature.animation_data.drivers) > 0
    return driven or any(played_on(armature)) or any(len(bone.constraints) for bone in armature.pose.bones)


def job(
    scene: Any,
    source: Source,
    name: str,
    frames: tuple[float, float],
    seed: int,
    options: Mapping[str, Mapping[str, Any]],
    keep: tuple[float, ...],
) -> RemoteJob:
    """What asks a generator to play from one scene frame to another, and a little around that, so that hands come from
    somewhere; the body joins it once it was seen. What was seen before the sound begins cannot be kept: nobody plays.
    """
    origin, fps = source.origin(scene), frame_rate(scene)
    first, last = (float(seconds_at(scene, frame, origin)) for frame in frames)
    before = _beginning(first, fps, source.start or 0.0)
    after = min(last + 1.0 / fps + AROUND, np.inf if source.end is None else source.end)
    asked = {
        "generator": name,
        "instrument": scene.cadenza.instrument,
        "options": options,
        "keep": tuple(second for second in keep if before - PRECISE / fps <= second < after - PRECISE / fps),
        "seed": seed,
        **corrected(scene, source),
    }
    request = request_of(scene, replace(source, start=before, end=after), asked)
    return RemoteJob(connection.backend(), request, source.sound, source.score)


def _beginning(first: float, fps: float, begins: float) -> float:
    """The second from which is played: whole frames from the first that is looked at, so that keys lie on these."""
    return max(first - floor(min(AROUND, first - begins) * fps + PRECISE) / fps, 0.0)


def _unvaried(options: Mapping[str, Mapping[str, Any]], name: str) -> dict[str, dict[str, Any]]:
    """Options with which all of the body stays, of a generator that varies it else."""
    if not any(c.name == name and VARIATION in c.options.get("properties", {}) for c in connection.known().followers()):
        return {n: dict(v) for n, v in options.items()}
    return {**{n: dict(v) for n, v in options.items()}, name: {**options.get(name, {}), VARIATION: 0.0}}
