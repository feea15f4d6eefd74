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
        kind: generator, post_step, corrector, recognizer, recommender; skeleton or plug-in when broken.
        options: JSON Schema of the options.
        package: the distribution it comes from, with its version.
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

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "devices": list(self.devices)}


@dataclass(frozen=True)
class SoundFile:
    """A sound on disk: which file, and which second of it is the motion's frame 0."""

    path: str
    start: float = 0.0


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
    """

    motion: str
    annotations: str
    output: str
    fps: float
    sound: SoundFile | None = None
    preview: str | None = None
    width: int = 960
    height: int = 540

    def to_json(self) -> str:
        return json.dumps({"version": PROTOCOL_VERSION, **asdict(self)})

    @classmethod
    def from_json(cls, text: str) -> BakeJob:
        try:
            data = json.loads(text)
            version = data.pop("version")
            if version != PROTOCOL_VERSION:
                raise ProtocolError(f"the job speaks protocol {version}, this add-on {PROTOCOL_VERSION}")
            sound = data.pop("sound")
            return cls(sound=SoundFile(**sound) if sound else None, **data)
        except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise ProtocolError(f"not a bake job: {error}") from error
