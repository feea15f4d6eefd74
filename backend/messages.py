# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The wire's JSON as pydantic models: what a client sends is checked by them, what it gets is documented by them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from backend.chain import ImpossibleJob, Job
from backend.device import Device
from backend.sources import SCORES, is_midi
from plugins.api import (
    PROTOCOL_VERSION,
    AnnotationError,
    AnnotationTrack,
    JobStatus,
    Score,
)

MAX_BODY: Final = 8_000_000
"""Bytes of a job as JSON: the longest scores are a few megabytes."""
SHA256: Final = r"^[0-9a-f]{64}$"
NAME: Final = r"^[a-z][a-z0-9_-]*$"

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class ScoreBody(BaseModel):
    """A score: MusicXML (.musicxml, .xml, .mxl) or MIDI (.mid, .midi)."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(pattern=r"^[^/\\\x00-\x1f]{1,200}$", description="File name; its ending tells the format")
    data: str = Field(description="The file in base64")


class JobBody(BaseModel):
    """What to perform, and how."""

    model_config = ConfigDict(extra="forbid")

    version: int = Field(PROTOCOL_VERSION, description="Version of the protocol")
    audio: str | None = Field(None, pattern=SHA256, description="SHA-256 of a sound that was uploaded")
    audio_name: str = Field("", max_length=400, description="The sound's file name, for people")
    motion: str | None = Field(
        None,
        pattern=SHA256,
        description="SHA-256 of a motion that was uploaded: to recognise, to repair, or whose body is followed",
    )
    corrector: str = Field(
        "",
        pattern=r"^([a-z][a-z0-9_-]*)?$",
        max_length=100,
        description="What repairs the motion, fills or varies it; nothing is generated then",
    )
    keep: list[Annotated[float, Field(allow_inf_nan=False)]] = Field(
        [], max_length=10_000, description="Seconds of the motion's frames that stay as they are"
    )
    score: ScoreBody | None = Field(
        None, description="Score of the piece; a MIDI file without audio is performed alone"
    )
    start: Seconds | None = Field(None, description="Begin here, seconds")
    end: Seconds | None = Field(None, description="Stop here, seconds")
    generator: str = Field("performer", pattern=NAME, max_length=100)
    instrument: str = Field("violin", max_length=100)
    fps: float = Field(30.0, ge=1.0, le=240.0, allow_inf_nan=False, description="Frames per second")
    seed: int = Field(0, ge=0, lt=2**31, description="Another seed, another performance")
    options: dict[str, dict[str, Any]] = Field({}, description="By component, its options (see /v1/components)")
    annotations: dict[str, Any] | None = Field(
        None, description="Corrected tracks, as /v1/jobs/{id}/annotations has them"
    )
    recommender: str = Field(
        "",
        pattern=r"^([a-z][a-z0-9_-]*)?$",
        max_length=100,
        description="What finds music for the motion; nothing is generated then, and the tracks are the annotations",
    )
    library: str = Field(
        "", max_length=4000, description="Folder of music on this machine (loopback only); empty for the own library"
    )
    top: int = Field(10, ge=1, le=100, description="How many tracks are recommended")
    recognize: list[Annotated[str, Field(pattern=NAME, max_length=100)]] = Field(
        [], max_length=50, description="Namespaces to recognise; nothing is generated then"
    )

    @property
    def gaps(self) -> bool:
        """Whether frames of the motion may be missing that nobody posed: where it is repaired or followed."""
        return not (self.recognize or self.recommender)

    def to_job(self, device: Device) -> Job:
        """The pipeline's job; ImpossibleJob when score or annotations cannot be read."""
        wanted = [bool(x) for x in (self.recognize, self.corrector, self.recommender)]
        if sum(wanted) > 1:
            raise ImpossibleJob("recognize", "a job recognises, repairs or recommends, one of them; send several jobs")
        if self.recommender and self.motion is None:
            raise ImpossibleJob("motion", "there is no motion to find music for; give one")
        return Job(
            silent=self.audio is None,
            generator=self.generator,
            instrument=self.instrument,
            fps=self.fps,
            seed=self.seed,
            device=device,
            options=self.options,
            score=self._score(),
            annotations=_tracks(self.annotations),
            corrector=self.corrector,
            keep=tuple(self.keep),
        )

    def _score(self) -> Score | None:
        if self.score is None:
            performed = not (self.recognize or self.corrector or self.recommender)
            if self.audio is None and (performed or self.motion is None):
                raise ImpossibleJob(
                    "audio", "there is nothing to perform; upload a sound, or give a MIDI file as score"
                )
            return None
        if not self.score.name.lower().endswith(SCORES):
            raise ImpossibleJob("score", f"{self.score.name} is not a score; give one of {', '.join(SCORES)}")
        if self.audio is None and not is_midi(self.score.name):
            raise ImpossibleJob("audio", f"{self.score.name} needs its recording; only MIDI is performed without one")
        try:
            return Score(self.score.name, base64.b64decode(self.score.data, validate=True))
        except (binascii.Error, ValueError) as error:
            raise ImpossibleJob("score", f"the score's data is not base64: {error}") from error


def _tracks(document: Mapping[str, Any] | None) -> list[AnnotationTrack]:
    if document is None:
        return []
    tracks = document.get("tracks")
    if document.get("version") != 1 or not isinstance(tracks, list):
        raise ImpossibleJob("annotations", 'the annotations must be {"version": 1, "tracks": [...]}')
    try:
        return [AnnotationTrack.from_dict(track) for track in tracks]
    except (AnnotationError, OverflowError) as error:
        raise ImpossibleJob("annotations", str(error)) from error


class StatusBody(BaseModel):
    """Where a job stands."""

    version: Literal[1]
    id: str
    state: Literal["queued", "running", "finished", "failed", "cancelled"]
    progress: float = Field(ge=0, le=1)
    message: str = Field(description="What is being done")
    error: str = Field(description="What went wrong and what to do, when it failed")
    partials: int = Field(description="How many partial results there have been")
    cached: bool = Field(description="Whether the result was there already")


class ComponentBody(BaseModel):
    """What is installed: one component, or a plug-in that failed (``error`` says why)."""

    kind: str
    name: str
    label: str
    description: str
    licence: str
    devices: list[str]
    options: dict[str, Any] = Field(description="JSON Schema of its options")
    package: str
    error: str
    fills: bool = Field(description="Whether a corrector fills frames that nobody posed, and varies what is given")
    retimes: bool = Field(description="Whether a corrector moves poses to other times")
    follows: bool = Field(description="Whether a generator can play with the body of a motion that is given")
    instruments: list[str] = Field(description="What a generator plays")


class ComponentsBody(BaseModel):
    version: Literal[1]
    components: list[ComponentBody]


class HealthBody(BaseModel):
    status: Literal["ok"]
    version: str = Field(description="Cadenza's version")
    protocol: int = Field(description="Version of the protocol")


class ProblemBody(BaseModel):
    """What was wrong and what to do (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    field: str | None = Field(None, description="Which field of the request was wrong")


def status_body(status: JobStatus) -> dict[str, Any]:
    return {"version": PROTOCOL_VERSION, **asdict(status)}
