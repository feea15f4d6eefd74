# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Messages between the rooms, as JSON.

A component describes itself with :class:`ComponentInfo`; a finished performance
reaches Blender as a :class:`BakeJob` beside its motion (npz) and annotations (JSON).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

PROTOCOL_VERSION: Final = 1


class ProtocolError(ValueError):
    """A message that cannot be used: the message says which field is wrong."""


@dataclass(frozen=True)
class ComponentInfo:
    """What is installed: one component, or one plug-in that failed (``error`` set).

    Attributes:
        kind: generator, post_step, corrector, recognizer, recommender, composer; skeleton or plug-in when broken.
        options: JSON Schema of the options.
        writes: namespaces of annotations that a recogniser answers with.
        inputs: what a recogniser works from: sound, motion, score.
        package: the distribution it comes from, with its version.
        fills: whether a corrector fills frames that nobody posed, and varies what is given, from the job's seed.
        retimes: whether a corrector moves poses to other times.
        follows: whether a generator can play with the body of a motion that is given.
        instruments: what a generator plays.
    """

    kind: str
    name: str
    label: str = ""
    description: str = ""
    licence: str = ""
    devices: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    package: str = ""
    error: str = ""
    writes: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    fills: bool = False
    retimes: bool = False
    follows: bool = False
    instruments: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        lists = {name: list(getattr(self, name)) for name in ("devices", "writes", "inputs", "instruments")}
        return {**asdict(self), **lists}


@dataclass(frozen=True)
class SoundFile:
    """A sound on disk: which file, and which second of it is the motion's frame 0."""

    path: str
    start: float = 0.0


@dataclass(frozen=True)
class CharacterFile:
    """A character on disk.

    Attributes:
        path: .blend, .glb, .gltf, .vrm, .fbx or .bvh.
        armature: name of the armature; "" for the one that there is.
        bone_map: path of a saved bone map, or None to guess.
    """

    path: str
    armature: str = ""
    bone_map: str | None = None


@dataclass(frozen=True)
class BakeJob:
    """What the Blender side does with a motion.

    Attributes:
        motion, annotations: paths of the npz and of the JSON.
        output: path of the .blend to write.
        sound: the recording for the sound strip, or None.
        preview: path of the film to render, or None.
        fps: the scene's frame rate.
        width, height: size of the film in pixels.
        character: who performs; None for the default musician.
        report: path of the JSON report to write (bone map, direction and contact errors), or None.
        export: path of the .fbx, .glb, .bvh or .usd to write besides, or None.
    """

    motion: str
    annotations: str
    output: str
    fps: float
    sound: SoundFile | None = None
    preview: str | None = None
    width: int = 960
    height: int = 540
    character: CharacterFile | None = None
    report: str | None = None
    export: str | None = None

    def to_json(self) -> str:
        return json.dumps({"version": PROTOCOL_VERSION, **asdict(self)})

    @classmethod
    def from_json(cls, text: str) -> BakeJob:
        try:
            data = json.loads(text)
            version = data.pop("version")
            if version != PROTOCOL_VERSION:
                raise ProtocolError(f"the job speaks protocol {version}, this add-on {PROTOCOL_VERSION}")
            sound, character = data.pop("sound"), data.pop("character")
            return cls(
                sound=SoundFile(**sound) if sound else None,
                character=CharacterFile(**character) if character else None,
                **data,
            )
        except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise ProtocolError(f"not a bake job: {error}") from error


@dataclass(frozen=True)
class ScoreFile:
    """A score that travels with a job: its file name (which tells the format) and its bytes in base64."""

    name: str
    data: str


@dataclass(frozen=True)
class JobRequest:
    """What a client asks of a backend (``POST /v1/jobs``).

    Attributes:
        audio: SHA-256 (hex) of a sound uploaded before, or None when the score (MIDI) is played as it stands.
        audio_name: the sound's file name, for people.
        motion: SHA-256 (hex) of a motion uploaded before, which is watched to recognise, or repaired, or whose body
            is followed; or None.
        score: the score, if any.
        start, end: the part of the sound to perform, seconds; None for its beginning and end.
        options: by component name, each a mapping of its options.
        annotations: tracks that the animator corrected (the annotations document), or None.
        corrector: what repairs the motion, fills or varies it; nothing is generated then.
        keep: seconds of the motion's frames that stay as they are when it is repaired.
        recommender: what finds music for the motion; nothing is generated then.
        library: folder of music on the backend's machine (loopback only), or "" for the backend's own library.
        top: how many tracks are recommended.
        recognize: namespaces asked for when nothing is to be generated; empty for a performance.
    """

    audio: str | None = None
    audio_name: str = ""
    score: ScoreFile | None = None
    start: float | None = None
    end: float | None = None
    generator: str = "performer"
    instrument: str = "violin"
    fps: float = 30.0
    seed: int = 0
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    annotations: Mapping[str, Any] | None = None
    recognize: tuple[str, ...] = ()
    motion: str | None = None
    corrector: str = ""
    keep: tuple[float, ...] = ()
    recommender: str = ""
    library: str = ""
    top: int = 10

    def to_dict(self) -> dict[str, Any]:
        lists = {"recognize": list(self.recognize), "keep": list(self.keep)}
        return {"version": PROTOCOL_VERSION, **asdict(self), **lists}


JOB_STATES: Final = ("queued", "running", "finished", "failed", "cancelled")


@dataclass(frozen=True)
class JobStatus:
    """Where a job stands (``GET /v1/jobs/{id}``, and each event ``status`` of its event stream).

    Attributes:
        state: one of ``JOB_STATES``.
        progress: 0 to 1.
        message: what is being done.
        error: what went wrong and what to do, when it failed.
        partials: how many partial results there have been (``GET /v1/jobs/{id}/partial`` gives the newest).
        cached: whether the result was there already.
    """

    id: str
    state: str
    progress: float = 0.0
    message: str = ""
    error: str = ""
    partials: int = 0
    cached: bool = False

    @property
    def ended(self) -> bool:
        return self.state in ("finished", "failed", "cancelled")

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> JobStatus:
        """Read a backend's answer; ProtocolError when it is none."""
        try:
            status = cls(
                str(data["id"]),
                str(data["state"]),
                float(data["progress"]),
                str(data["message"]),
                str(data["error"]),
                int(data["partials"]),
                bool(data["cached"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ProtocolError(f"not a job's status: {error}") from error
        if status.state not in JOB_STATES:
            raise ProtocolError(f"the job's state {status.state!r} is none of {', '.join(JOB_STATES)}")
        return status
