# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be performed: a sound strip, a speaker or a file, as a file to upload and its place in the scene.

Nothing is decoded here: Blender would stand still meanwhile. The backend takes the file
as it is; a packed sound is written to Blender's own temporary folder first.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from .option_schema import shortest
from .recording import content_of
from .timeline import frame_rate, seconds_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MIDI = (".mid", ".midi")
SCORES = (".musicxml", ".xml", ".mxl", *MIDI)
LARGEST_SCORE = 5_000_000
"""Bytes."""


class SourceError(ValueError):
    """There is nothing to perform; the message says what is missing and what to do."""


@dataclass(frozen=True)
class Source:
    """What to perform.

    Attributes:
        sound: the recording as a file, None for a score alone.
        score: the score's file, or None.
        start, end: seconds of the recording to perform; None for its beginning and end.
        frame, second: at this scene frame sounds this second of the recording; holds at any frame rate.
        name: for people.
        content: what tells the sound's content, of a take's source.
    """

    sound: Path | None
    score: Path | None
    start: float | None
    end: float | None
    frame: float
    second: float
    name: str
    content: str = field(default="", compare=False)

    def origin(self, scene: Any) -> float:
        """The second of the recording that sounds at the scene's first frame (``timeline.frame_at``)."""
        return self.second - (self.frame - scene.frame_start) / frame_rate(scene)

    def to_dict(self) -> dict[str, Any]:
        """For a take's provenance: enough to perform the same again."""
        return {
            "sound": str(self.sound) if self.sound else None,
            "score": str(self.score) if self.score else None,
            "start": self.start,
            "end": self.end,
            "frame": self.frame,
            "second": self.second,
            "name": self.name,
            "content": content_of(self.sound) if self.sound else "",
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Source:
        """Read :meth:`to_dict`; SourceError when it is something else."""
        try:
            sound, score = (Path(str(data[k])) if data[k] else None for k in ("sound", "score"))
            start, end = (None if data[k] is None else float(data[k]) for k in ("start", "end"))
            frame, second = float(data["frame"]), float(data["second"])
            return cls(sound, score, start, end, frame, second, str(data["name"]), str(data.get("content", "")))
        except (KeyError, TypeError, ValueError) as error:
            raise SourceError("the take does not say what it was made from; generate a new one") from error


def source_of(scene: Any) -> Source:
    """What the scene's state (``scene.cadenza``) asks for.

    Raises:
        SourceError: nothing is chosen, it is muted or missing, or the range is empty.
    """
    state = scene.cadenza
    kinds = {"STRIP": _from_strip, "SPEAKER": _from_speaker, "FILE": _from_file, "SCORE": _from_score}
    found: Source = kinds[state.source](scene, state)
    return _in_range(found, scene, state)


def strips_of(scene: Any) -> list[Any]:
    """The scene's sound strips."""
    return [strip for strip in all_strips(scene) if strip.type == "SOUND"]


def has_strips(scene: Any) -> bool:
    """Whether there is any strip to choose, looked up fast."""
    return len(all_strips(scene)) > 0


def all_strips(scene: Any) -> Any:
    """The strips of the scene's Video Sequencer, of every kind."""
    editor = scene.sequence_editor
    if editor is None:
        return ()
    return editor.strips if hasattr(editor, "strips") else editor.sequences


def _from_strip(scene: Any, state: Any) -> Source:
    strip = next((s for s in strips_of(scene) if s.name == state.strip), None)
    if strip is None:
        missing = f"there is no sound strip {state.strip!r}" if state.strip else "no sound strip is chosen"
        raise SourceError(f"{missing}; choose one in Source, or add your sound in the Video Sequencer")
    check_strip(strip, scene.sequence_editor.channels[strip.channel].mute)
    begin, first, last = _handles(strip)
    delay = getattr(strip, "sound_offset", 0.0) * frame_rate(scene)
    trimmed = getattr(strip, "content_trim_start", None)
    zero = begin + delay - (strip.animation_offset_start if trimmed is None else trimmed)
    start, end = ((frame - zero) / frame_rate(scene) for frame in (first, last))
    if end <= 0:
        raise SourceError(f"the sound strip {strip.name!r} shows nothing of its sound; look at its offset and trim")
    return Source(_sound_file(strip.sound), _score(state), max(start, 0.0), end, zero, 0.0, strip.name)


def check_strip(strip: Any, channel_muted: bool) -> None:
    """SourceError when a strip is not heard as its file sounds."""
    if strip.mute or channel_muted:
        raise SourceError(
            f"the sound strip {strip.name!r} is muted; unmute it in the Video Sequencer, or choose another"
        )
    if len(strip.retiming_keys):
        raise SourceError(
            f"the sound strip {strip.name!r} is played at another speed (retiming); reset its retiming in the "
            "Video Sequencer, or render it to a file and use that"
        )


def _handles(strip: Any) -> tuple[float, float, float]:
    """Frames where the strip's content begins, and its left and right handles."""
    if hasattr(strip, "content_start"):  # from 5.2 on, where the names below are deprecated
        return strip.content_start, strip.left_handle, strip.right_handle
    return strip.frame_start, strip.frame_final_start, strip.frame_final_end


def _from_speaker(scene: Any, state: Any) -> Source:
    item = state.speaker
    if item is None or item.type != "SPEAKER":
        raise SourceError("no speaker is chosen; choose one in Source")
    speaker = item.data
    if speaker.muted or item.hide_viewport:
        raise SourceError(f"the speaker {item.name!r} is muted or hidden; unmute it, or choose another")
    if abs(speaker.pitch - 1.0) > 1e-6:
        raise SourceError(f"the speaker {item.name!r} plays at another pitch and speed; set its pitch to 1")
    if speaker.sound is None:
        raise SourceError(f"the speaker {item.name!r} has no sound; choose one in its properties")
    tracks = item.animation_data.nla_tracks if item.animation_data else ()
    starts = [s.frame_start for t in tracks for s in t.strips if s.type == "SOUND" and not (s.mute or t.mute)]
    frame = min(starts) if starts else float(scene.frame_start)
    return Source(_sound_file(speaker.sound), _score(state), None, None, frame, 0.0, item.name)


def _from_file(scene: Any, state: Any) -> Source:
    path = _file(state.sound_file, "sound file")
    if path.suffix.lower() in MIDI:
        raise SourceError(f"{path.name} is a MIDI file, no sound; choose MIDI in Source, and the file there")
    return Source(path, _score(state), None, None, float(scene.frame_start), 0.0, path.name)


def _from_score(scene: Any, state: Any) -> Source:
    path = _score(state)
    if path is None:
        raise SourceError("no score is chosen; choose a MIDI file in Source")
    if path.suffix.lower() not in MIDI:
        raise SourceError(f"{path.name} needs its recording: only MIDI is performed without a sound; choose both")
    return Source(None, path, None, None, float(scene.frame_start), 0.0, path.name)


def _score(state: Any) -> Path | None:
    if not state.score_file:
        return None
    path = _file(state.score_file, "score")
    if path.suffix.lower() not in SCORES:
        raise SourceError(f"{path.name} is not a score; choose one of {', '.join(SCORES)}, or clear the field")
    if path.stat().st_size > LARGEST_SCORE:
        raise SourceError(f"{path.name} is larger than any score ({LARGEST_SCORE / 1e6:g} MB); is it the right file?")
    return path


def _file(text: str, what: str) -> Path:
    if not text:
        raise SourceError(f"no {what} is chosen; choose one in Source")
    path = Path(bpy.path.abspath(text))
    if not path.is_file():
        raise SourceError(f"the {what} {path} is missing; choose it again in Source")
    return path


def _sound_file(sound: Any) -> Path:
    """A sound's file; a packed one is written out under a name that tells its content."""
    if sound is None:
        raise SourceError("the strip has no sound; choose another strip")
    path = Path(bpy.path.abspath(sound.filepath, library=sound.library))
    if sound.packed_file is not None:
        data = sound.packed_file.data
        unpacked = Path(bpy.app.tempdir) / f"cadenza-{hashlib.sha256(data).hexdigest()[:16]}{path.suffix}"
        if not unpacked.is_file() or unpacked.stat().st_size != len(data):
            unpacked.write_bytes(data)
        return unpacked
    if not path.is_file():
        raise SourceError(f"the sound file {path} is missing; find it with File > External Data > Find Missing Files")
    return path


def found_again(source: Source) -> Source:
    """A take's source, its files where they are now: a packed sound's goes when Blender closes, projects are moved.

    Raises:
        SourceError: a file is gone.
    """
    sound, score = source.sound, source.score
    if sound is not None and not sound.is_file():
        sound = next((path for path in _elsewhere(sound) if content_of(path) == source.content), None)
    if score is not None and not score.is_file():
        score = next(_beside(score), None)
    for old, new in ((source.sound, sound), (source.score, score)):
        if old is not None and new is None:
            raise SourceError(f"{old}, from which the take was made, is gone; put it back, or generate a new take")
    return replace(source, sound=sound, score=score)


def _elsewhere(path: Path) -> Iterator[Path]:
    """Files that may be the one that is gone."""
    yield from _beside(path)
    for sound in bpy.data.sounds:
        with suppress(SourceError, OSError):
            yield _sound_file(sound)


def _beside(path: Path) -> Iterator[Path]:
    """The file of that name beside the .blend file."""
    beside = Path(bpy.path.abspath("//")) / path.name
    if bpy.data.filepath and beside.is_file():
        yield beside


def _in_range(source: Source, scene: Any, state: Any) -> Source:
    """The source, cut to the range that the state asks for."""
    start, end = source.start, source.end
    if state.range == "SCENE":
        first = source.origin(scene)
        last = seconds_at(scene, scene.frame_end + 1, first)
    elif state.range == "SECONDS":
        first, last = shortest(state.start), shortest(state.end)
    else:
        return source
    start = max(first, start or 0.0)
    end = last if end is None else min(last, end)
    if end <= start:
        raise SourceError(f"the range is empty: from {start:.2f} s to {end:.2f} s of the sound; choose another range")
    return replace(source, start=start, end=end)
