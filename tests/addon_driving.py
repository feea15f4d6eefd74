# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""For tests of the add-on's jobs: a generator that is quick, a character, and driving a job without a window."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import bpy
import numpy as np

from blender_addon import connection, jobs
from blender_addon.core.violinist import violinist_skeleton
from blender_addon.job import Job
from blender_addon.rig.action import curves_of
from blender_addon.rig.mannequin import build_armature

SECONDS = 2.0
"""Length of the sound."""

GENERATORS = '''
import time
from typing import Any
import numpy as np
from pydantic import Field
from plugins.api import *
from plugins.api import rotations, violinist

class Swayer(Generator):
    """Turns a little with its seed; quick."""
    name, label = "swayer", "Swayer"
    instruments, skeleton = ("violin",), "violinist"

    class Options(Generator.Options):
        size: float = Field(0.1, ge=0.0, le=1.0, description="How far it turns, radians")
        shows: bool = Field(False, description="A first part, before the end")
        windows: int = Field(1, description="How many parts of half a second")
        seconds: float = Field(0.0, ge=0.0, description="How long it takes")
        fails: bool = False

    def generate(self, audio: Audio, options: Any, context: JobContext) -> Motion:
        context.progress(0.1, "Swaying")
        body = violinist.violinist_skeleton()
        frames = max(2, round(audio.duration * context.fps))
        turns = np.random.default_rng(context.seed).normal(0.0, options.size, (1, len(body), 3))
        turns = turns * np.sin(np.linspace(0.0, 3.0, frames))[:, None, None]
        turns[:, list(body.held)] = 0.0
        local = rotations.from_rotation_vector(turns)
        rest = np.repeat(body.rest_positions[None], frames, axis=0)
        positions, _ = body.forward_kinematics(local, rest)
        motion = Motion(body, context.fps, positions, local, start=audio.start)
        if options.shows:
            for first in audio.start + 0.5 * np.arange(options.windows):
                context.partial(motion.slice(first, first + 0.5))
                time.sleep(0.4 if options.windows > 1 else 0.0)
        end = time.monotonic() + options.seconds
        while time.monotonic() < end:
            context.progress(0.5, "Swaying on")
            time.sleep(0.01)
        if options.fails:
            raise ComponentError("the swayer fell over; hold it")
        return motion

class Watcher(Recognizer):
    """Marks when the right hand is highest."""
    name, label = "watcher", "Watcher"
    writes, inputs = ("cadence",), ("motion",)

    def recognize(self, audio, motion, options, context):
        context.check_cancelled()
        at = motion.times[int(motion.joint("right_hand")[:, 2].argmax())]
        return [AnnotationTrack("cadence", (Annotation(float(at), 0.0, "heard" if audio else "seen"),))]

@hookimpl
def register_generators(register):
    register(Swayer())

@hookimpl
def register_recognizers(register):
    register(Watcher())
'''


def empty_file() -> Any:
    """A fresh file, the preferences as they are; its scene."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    return bpy.context.scene


def add_character(name: str = "Anna", rename: Callable[[str], str] = lambda joint: joint) -> Any:
    """A musician's armature without its body, chosen as the scene's character."""
    armature = build_armature(violinist_skeleton(), name, bpy.context.scene.collection)
    for bone in armature.data.bones:
        bone.name = rename(bone.name)
    bpy.context.scene.cadenza.character = armature
    return armature


def connect() -> connection.Known:
    """Press Connect and wait for the answer."""
    bpy.ops.cadenza.backend_check()
    limit = time.monotonic() + 30.0
    while connection.known().state == "asking":
        assert time.monotonic() < limit
        connection.poll()
        time.sleep(0.005)
    return connection.known()


def character() -> Any:
    return bpy.context.scene.cadenza.character


def option(**values: Any) -> None:
    """Set options of the quick generator."""
    for name, value in values.items():
        setattr(bpy.context.scene.cadenza.options_swayer, f"value_{name}", value)


def drive(until: Callable[[Job], bool] = lambda job: job.ended, seconds: float = 60.0) -> Job:
    """Poll as the timer does, until the job is as it should be; the job."""
    limit = time.monotonic() + seconds
    job = jobs.current()
    assert job is not None
    while not until(job):
        assert time.monotonic() < limit, f"the job is still {job.state}: {job.message}"
        assert not job.ended, f"the job ended before: {job.message}"
        jobs.poll()
        time.sleep(0.002)
    return job


def generate() -> Job:
    """Press Generate and wait until the job is over."""
    assert bpy.ops.cadenza.generate() == {"FINISHED"}
    return drive()


def keys(take: Any, bone: str = "head") -> np.ndarray:
    """(T, 2) frames and values of a bone's second rotation channel."""
    curves = curves_of(take.actions[0].action).fcurves
    curve = next(c for c in curves if f'"{bone}"' in c.data_path and "rotation" in c.data_path and c.array_index == 1)
    found = np.empty(2 * len(curve.keyframe_points), dtype=np.float32)
    curve.keyframe_points.foreach_get("co", found)
    return found.reshape(-1, 2)
