# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Hot paths against the obvious alternative, in one run: ``python scripts/bench_performer.py``.

- inverse kinematics for all frames at once, against the same solver frame by frame;
- baking with bulk keys, against keyframe_insert (on a short piece: it is quadratic);
- the whole generator, in seconds of computing for each minute of music.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import bpy
import numpy as np

import blender_addon
from backend.audio_files import read_audio
from blender_addon import takes
from blender_addon.rig.bake import channels_of
from blender_addon.rig.mannequin import build_musician
from plugins.api import JobContext, Motion, from_json
from plugins.ik.step import InverseKinematics
from plugins.performer.generator import Performer

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def median_seconds(work: Callable[[], object], runs: int = 5) -> float:
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return float(np.median(times))


def frame_by_frame(solver: InverseKinematics, motion: Motion, context: JobContext) -> None:
    for i in range(len(motion)):
        one = replace(motion, positions=motion.positions[i : i + 1], rotations=motion.rotations[i : i + 1])
        solver.apply(one, None, context)


def key_by_key(motion: Motion, armature: bpy.types.Object) -> None:
    """The usual way to animate bones from a script."""
    for frame in range(len(motion)):
        for bone in armature.pose.bones:
            bone.rotation_quaternion = motion.rotations[frame, motion.skeleton.index(bone.name)]
            bone.keyframe_insert("rotation_quaternion", frame=frame)


def main() -> None:
    context = JobContext(annotations=from_json((EXAMPLES / "minuet.truth.json").read_text()))
    audio = read_audio(EXAMPLES / "minuet.flac")
    performer, solver = Performer(), InverseKinematics()
    options = performer.Options()
    generate = median_seconds(lambda: performer.generate(audio, options, context))
    planned = performer.generate(audio, options, context)
    whole = median_seconds(lambda: solver.apply(planned, None, context))
    short = replace(planned, positions=planned.positions[:150], rotations=planned.rotations[:150])
    single = median_seconds(lambda: frame_by_frame(solver, short, context), 3) * len(planned) / len(short)
    minutes = audio.duration / 60
    print(f"performer        {generate / minutes:8.2f} s a minute of music")
    print(f"ik, all frames   {whole / minutes:8.2f} s a minute; frame by frame {single / whole:.0f} x as long")

    blender_addon.register()
    solved = solver.apply(short, None, context)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    musician = build_musician(solved.skeleton)
    frames = np.arange(1.0, len(solved) + 1)
    name = musician.armature.name
    bulk = median_seconds(
        lambda: list(
            takes.write_take(
                musician.armature,
                {name: channels_of(solved, musician.armature)},
                frames,
                name="bench",
                provenance={},
            )
        )
    )
    musician.armature.animation_data_clear()
    slow = median_seconds(lambda: key_by_key(solved, musician.armature), 1)
    print(f"bake, bulk keys  {bulk:8.3f} s for {len(solved)} frames; keyframe_insert {slow / bulk:.0f} x as long")
    sys.stdout.flush()
    os._exit(0)  # some builds of Blender's module crash while they are torn down


if __name__ == "__main__":
    main()
