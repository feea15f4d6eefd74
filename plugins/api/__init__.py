# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Everything that a plug-in author needs, in one import.

``from plugins.api import Generator, Motion, hookimpl`` and so on; see
``docs/plugins.md`` for each hook with a working example.
"""

from blender_addon.core import pianist, piano, rotations, violin, violinist
from blender_addon.core.annotation_files import WRITERS
from blender_addon.core.annotations import (
    CURVES,
    NAMESPACES,
    Annotation,
    AnnotationError,
    AnnotationTrack,
    find_track,
    from_json,
    to_json,
)
from blender_addon.core.audio import Audio, AudioError
from blender_addon.core.motion import Motion, MotionError
from blender_addon.core.protocol import (
    PROTOCOL_VERSION,
    BakeJob,
    CharacterFile,
    ComponentInfo,
    JobRequest,
    JobStatus,
    ProtocolError,
    ScoreFile,
    SoundFile,
)
from blender_addon.core.rotations import Array
from blender_addon.core.skeleton import Skeleton, SkeletonError
from blender_addon.core.solvers import CurledChain, fabrik, two_bones
from plugins.api.components import (
    Component,
    ComponentError,
    Composer,
    Corrector,
    Generator,
    Library,
    Options,
    PostStep,
    Recognizer,
    Recommendation,
    Recommender,
)
from plugins.api.context import Cancelled, Constraint, JobContext, Score
from plugins.api.hookspecs import PROJECT, hookimpl, hookspec
from plugins.api.poses import playing_pose

__all__ = [
    "CURVES",
    "NAMESPACES",
    "PROJECT",
    "PROTOCOL_VERSION",
    "WRITERS",
    "Annotation",
    "AnnotationError",
    "AnnotationTrack",
    "Array",
    "Audio",
    "AudioError",
    "BakeJob",
    "Cancelled",
    "CharacterFile",
    "Component",
    "ComponentError",
    "ComponentInfo",
    "Composer",
    "Constraint",
    "Corrector",
    "CurledChain",
    "Generator",
    "JobContext",
    "JobRequest",
    "JobStatus",
    "Library",
    "Motion",
    "MotionError",
    "Options",
    "PostStep",
    "ProtocolError",
    "Recognizer",
    "Recommendation",
    "Recommender",
    "Score",
    "ScoreFile",
    "Skeleton",
    "SkeletonError",
    "SoundFile",
    "fabrik",
    "find_track",
    "from_json",
    "hookimpl",
    "hookspec",
    "pianist",
    "piano",
    "playing_pose",
    "rotations",
    "to_json",
    "two_bones",
    "violin",
    "violinist",
]
