# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what the panel shows to a job's order: everything is read here, at once, when a button is pressed."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import bpy

from . import character, connection, corrections, options, takes
from .applying import Again, Destination
from .audio_source import Source, found_again, source_of
from .core.annotations import to_json
from .core.motion import MotionError
from .core.protocol import JobRequest
from .marking import Marks
from .motion_files import load_motion
from .order import Order
from .reference import Reference
from .remote_job import Failure, Message, Progress, RemoteJob, Result
from .rig.bone_map import essential_missing
from .rig.capture import Places, Watching
from .rig.nla import Clock
from .timeline import frame_rate, seconds_at
from .watch import Watch, range_of

FRAME_RATES: Final = (1.0, 240.0)
"""What a backend generates; keys of other scenes are put between frames."""

BUTTONS: Final = {"repaired": "the button in Repair", "varied": "Vary This Take", "filled": "Fill Between My Keys"}
"""What was done with a motion -> what does it again."""
IN_TIME: Final = 1e-4
"""Part by which a take may run faster or slower than its music and still be generated again."""

MADE_BY: Final = {
    "played": "Generate with Keep My Body, or Vary This Take",
    "repaired": "Repair from Audio",
    "varied": "Vary This Take",
    "filled": "Fill Between My Keys",
}
"""What the provenance of a take tells that was not generated -> the button that made it."""


class OrderError(ValueError):
    """The panel does not say enough; the message says what is missing."""


@dataclass(frozen=True)
class MotionFile:
    """Reads a motion from disk, in the job's thread."""

    path: Path

    def run(self, say: Callable[[Message], None], cancelled: threading.Event) -> None:
        say(Progress("fetching", 0.0, f"Reading {self.path.name}"))
        try:
            say(Result(load_motion(self.path), []))
        except MotionError as error:
            say(Failure(str(error)))
        except OSError as error:
            say(Failure(f"{self.path} cannot be read ({error.strerror})", "Choose a file that exists"))


def performance(scene: Any, seed: int | None = None) -> Order:
    """A new take of the chosen character; with the panel's seed, or another."""
    state = scene.cadenza
    source = source_of(scene)
    asked = {
        "generator": state.generator,
        "instrument": state.instrument,
        "seed": state.seed if seed is None else seed,
        "options": all_options(state),
        **corrected(scene, source),
    }
    return _performance("Generate", scene, source, asked, new_take(scene, source))


def like_take(scene: Any, take: Any) -> Order:
    """A new take as another, with a seed that none has yet."""
    source, asked = _made_from(take, takes.clock_of(take))
    return _performance("New Seed", scene, source, asked, new_take(scene, source), section="takes")


def take_again(scene: Any, take: Any) -> Order:
    """The chosen frames and part of a take, by the generator and the options of now, with another seed."""
    state = scene.cadenza
    if state.again_from >= state.again_to:
        raise OrderError("the range to generate again is empty; let it end after it begins")
    frames = (float(state.again_from), float(state.again_to))
    takes.check_there(take, frames)
    clock = takes.clock_of(take, frames)
    _check_in_time(scene, take, clock)
    source, asked = _made_from(take, clock)
    _check_plays(state.generator, asked.get("instrument", "violin"))
    asked |= {"generator": state.generator, "options": all_options(state), **corrected(scene, source)}
    again = _again(scene, source, frames, state)
    earlier = [r["provenance"] for r in takes.provenance(take).get("revisions", ()) if "again" in r["provenance"]]
    layers = (*(Again(**made["again"]) for made in earlier), again)
    to = replace(
        new_take(scene, source),
        name=take.name,
        replace=take.uid,
        frames=frames,
        rate=frame_rate(scene),
        fade=state.fade,
        layers=layers,
    )
    before = [takes.provenance(take)["request"], *(made["request"] for made in earlier)]
    made = {"again": asdict(again)}
    return _performance("Generate Again", scene, source, asked, to, before, made, "again")


def _check_plays(generator: str, instrument: str) -> None:
    """OrderError when the panel's generator plays another instrument than a take's."""
    if all(c.name != generator for c in connection.known().generators(instrument)):
        raise OrderError(
            f"{generator!r} does not play the {instrument} of this take; choose {instrument.title()} in Performer > "
            "Instrument, or generate a new take"
        )


def _again(scene: Any, source: Source, frames: tuple[float, float], state: Any) -> Again:
    """What is generated again, in seconds of the recording: frames change when the scene's rate does."""
    begin, end = (seconds_at(scene, frame, source.origin(scene)) for frame in frames)
    return Again(None if state.part == "ALL" else state.part, begin, end, state.fade / frame_rate(scene))


def recognition(scene: Any) -> Order:
    """Annotations of the source as markers."""
    wanted = scene.cadenza.recognize & set(
        connection.known().recognized(scene.cadenza.recognize_from, scene.cadenza.instrument)
    )
    if not wanted:
        raise OrderError("nothing is chosen to recognise; choose at least one kind")
    given = scene.cadenza.recognize_from
    source = _watched_range(scene) if given == "MOTION" else source_of(scene)
    if source.sound is None and given != "MOTION":
        raise OrderError("recognising needs a sound; choose a sound strip, a speaker or a file in Source")
    asked = {"recognize": tuple(sorted(wanted)), "instrument": scene.cadenza.instrument}
    request = request_of(scene, source, {**asked, "options": all_options(scene.cadenza)})
    work = RemoteJob(connection.backend(), request, source.sound, source.score)
    mark = Marks(Reference.to(scene), source, frozenset(wanted)).since(scene)
    if given == "SOUND":
        return Order("Recognise", work, mark=mark, section="annotate")
    armature = watched_character(scene)
    look = Places(armature, character.bone_map_of(armature))
    watch = Watch(Watching(scene, armature, look, *range_of(scene, source)), work)
    return Order("Recognise", None, mark=mark, prepare=watch, section="annotate")


def _watched_range(scene: Any) -> Source:
    """The scene's own range, where there is no sound: its first frame is second 0."""
    return Source(None, None, None, None, float(scene.frame_start), 0.0, "the character's motion")


def watched_character(scene: Any) -> Any:
    """The chosen character, to be looked at."""
    armature = scene.cadenza.character
    if armature is None or armature.name not in scene.objects:
        raise OrderError("no character is chosen; choose in Performer whose motion is to be watched")
    return armature


def motion_file(scene: Any) -> Order:
    """A motion from disk on the chosen character; needs no backend."""
    text = scene.cadenza.motion_file
    if not text:
        raise OrderError("no motion file is chosen; choose a .npz of Cadenza or a .bvh")
    path = Path(bpy.path.abspath(text))
    to = new_take(scene, None)
    made = {"file": path.name}
    return Order("Apply Motion", MotionFile(path), destination=to, provenance=made, section="motion file")


def _performance(
    title: str,
    scene: Any,
    source: Source,
    asked: Mapping[str, Any],
    to: Destination,
    before: Sequence[Mapping[str, Any]] = (),
    made: Mapping[str, Any] | None = None,
    section: str = "generate",
) -> Order:
    earlier = tuple(request_of(scene, source, known) for known in before)
    work = RemoteJob(connection.backend(), request_of(scene, source, asked), source.sound, source.score, earlier)
    mark = Marks(Reference.to(scene), source).since(scene) if scene.cadenza.mark_takes else None
    told = corrections_in(scene, asked.get("annotations"))
    origin = {"source": source.to_dict(), "request": dict(asked), **(made or {})}
    not_used = corrections.not_used(scene, source)
    return Order(title, work, to, origin, mark, corrected=told, section=section, told=not_used)


def request_of(scene: Any, source: Source, asked: Mapping[str, Any]) -> JobRequest:
    return JobRequest(audio_name=source.name, start=source.start, end=source.end, fps=rate_of(scene), **asked)


def rate_of(scene: Any) -> float:
    """Frames a second that a backend is asked for."""
    return min(max(frame_rate(scene), FRAME_RATES[0]), FRAME_RATES[1])


def corrections_in(scene: Any, annotations: Mapping[str, Any] | None) -> dict[str, str]:
    """What was corrected by hand of the tracks that a request takes along (``Order.corrected``)."""
    sent = {track["namespace"] for track in annotations["tracks"]} if annotations else set()
    return {name: said for name, said in corrections.asked_for(scene).items() if name in sent}


def corrected(scene: Any, source: Source) -> dict[str, Any]:
    """What the animator corrected of the music, for a generation to take as it is; with its take it is settled."""
    tracks = corrections.for_generation(scene, source)
    return {"annotations": json.loads(to_json(tracks))} if tracks else {}


def all_options(state: Any) -> dict[str, dict[str, Any]]:
    """Of every component, what differs from the defaults."""
    every = {c.name: options.read(state, c.name) for c in connection.known().components if not c.error}
    return {name: values for name, values in every.items() if values}


def new_take(scene: Any, source: Source | None) -> Destination:
    """A take of the chosen character, whose map must be enough to perform."""
    armature = scene.cadenza.character
    if armature is None or armature.name not in scene.objects:
        raise OrderError("no character is chosen; choose an armature of this scene in Performer, or add our musician")
    bone_map = character.bone_map_of(armature)
    gone = sorted(bone for bone in bone_map.bones.values() if bone not in armature.data.bones)
    if gone:
        raise OrderError(
            f"{armature.name!r} has no bone {', '.join(gone[:4])}{' and others' if len(gone) > 4 else ''} any more; "
            "choose other bones in Performer > Bone Map, or press Guess Bones there"
        )
    lacking = [character.words(j).lower() for j in essential_missing(bone_map)]
    if lacking:
        raise OrderError(
            f"{armature.name!r} cannot perform without these joints: {', '.join(lacking)}; choose their bones in "
            "Performer > Bone Map, or choose a character with arms"
        )
    return Destination(Reference.to(armature), Reference.to(scene), bone_map, "Take 1", source)


def _check_in_time(scene: Any, take: Any, clock: Clock) -> None:
    """OrderError when a take runs faster or slower than its music: it was stretched, or the frame rate was changed."""
    made, now = float(takes.provenance(take).get("rate") or frame_rate(scene)), frame_rate(scene)
    speed = now / (made * clock.scale)
    if abs(speed - 1.0) > IN_TIME:
        raise OrderError(
            f"{take.name!r} was made for {made:.5g} frames a second and plays at {100 * speed:.4g} % of its music's "
            f"speed; set the frame rate back, stretch its strips to a scale of {now / made:.5g}, or generate a new take"
        )


def _made_from(take: Any, clock: Clock) -> tuple[Source, dict[str, Any]]:
    """Source (where the take lies now) and request of a take, with a new seed.

    Raises:
        OrderError: it was not generated here.
        SourceError: what it was made from is gone.
    """
    again = takes.duplicate(take.id_data, take)
    asked = again.get("request")
    for made, button in MADE_BY.items():
        if made in again:
            raise OrderError(f"{take.name!r} was {made}, not generated; press {button} for another")
    if not isinstance(asked, dict) or not isinstance(again.get("source"), dict):
        raise OrderError(f"{take.name!r} was not generated in this scene (it came from a file); generate a new take")
    source = found_again(Source.from_dict(again["source"]))
    source = replace(source, frame=clock.outside(source.frame))  # its strips may have been moved
    return source, {**asked, "seed": again["seed"]}
