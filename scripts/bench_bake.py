# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Writing takes and markers, and the obvious alternative: ``python scripts/bench_bake.py``.

- a take of 10,000 frames and 60 bones (quaternions, and the hips' location), whole, and its
  longest piece of work between two yields; the same written again in a range;
- ``keyframe_insert`` for the same keys. It takes hours, so it is measured for few frames of
  all bones and fitted with a + b n + c n^2, n the frames: each new key moves those before it;
- 2,000 markers: put, put again, hidden, shown.

Seconds are those of the thread, so that other programs on the machine do not count.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from typing import Any

os.environ.setdefault("BLENDER_USER_RESOURCES", tempfile.mkdtemp())

import bpy
import numpy as np

import blender_addon
from blender_addon import markers, takes
from blender_addon.core import rotations as rot
from blender_addon.core.annotations import Annotation, AnnotationTrack
from blender_addon.rig.channels import Channel

FRAMES, BONES, MARKERS, RUNS = 10_000, 60, 2_000, 5
FITTED = (250, 500, 1000, 2000)
"""Frames for which keyframe_insert is measured."""


def rig(bones: int) -> Any:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    if not hasattr(bpy.types.Object, "cadenza_takes"):
        blender_addon.register()
    item = bpy.data.objects.new("rig", bpy.data.armatures.new("rig"))
    bpy.context.scene.collection.objects.link(item)
    bpy.context.view_layer.objects.active = item
    bpy.ops.object.mode_set(mode="EDIT")
    for i in range(bones):
        bone = item.data.edit_bones.new(f"bone {i}")
        bone.head, bone.tail = (i, 0, 0), (i, 0, 1)
    bpy.ops.object.mode_set(mode="OBJECT")
    for bone in item.pose.bones:
        bone.rotation_mode = "QUATERNION"
    return item


def channels(frames: int, bones: int) -> list[Channel]:
    rng = np.random.default_rng(1)
    turns = rot.unroll(rot.from_rotation_vector(rng.normal(0, 0.1, (frames, bones, 3)).cumsum(axis=0) * 0.1))
    made = [
        Channel(f'pose.bones["bone {i}"].rotation_quaternion', f"bone {i}", turns[:, i], "torso" if i else "legs")
        for i in range(bones)
    ]
    return [*made, Channel('pose.bones["bone 0"].location', "bone 0", rng.normal(size=(frames, 3)), "legs")]


def steps(work: Iterable[object]) -> tuple[float, float]:
    """Seconds of all of it, and of its longest piece."""
    times = [time.thread_time()]
    times.extend(time.thread_time() for _ in work)
    times.append(time.thread_time())
    return times[-1] - times[0], float(np.diff(times).max())


def seconds_of(work: Callable[[], object]) -> float:
    begin = time.thread_time()
    work()
    return time.thread_time() - begin


def best(work: Callable[[], tuple[float, float]], runs: int = RUNS) -> tuple[float, float]:
    """Medians of both."""
    both = np.median([work() for _ in range(runs)], axis=0)
    return float(both[0]), float(both[1])


def insert_keys(item: Any, made: list[Channel], frames: int) -> float:
    """Seconds that keyframe_insert takes for the same keys."""
    item.animation_data_clear()
    begin = time.thread_time()
    for frame in range(frames):
        for channel in made:
            owner, _, prop = channel.path.rpartition(".")
            bone = item.path_resolve(owner)
            setattr(bone, prop, channel.values[frame])
            bone.keyframe_insert(prop, frame=frame + 1.0)
    seconds = time.thread_time() - begin
    item.animation_data_clear()
    return seconds


def bench_takes() -> str:
    item, made = rig(BONES), channels(FRAMES, BONES)
    frames, keys = np.arange(1.0, FRAMES + 1), sum(c.values.size for c in made)

    def write(**more: Any) -> tuple[float, float]:
        seconds = steps(takes.write_take(item, {"rig": made}, frames, provenance={}, **more))
        if "replace" not in more:
            takes.delete(item, item.cadenza_takes[-1])
        return seconds

    whole, piece = best(write)
    print(
        f"| a take of {FRAMES:,} frames x {BONES} bones, {keys / 1e6:.2f} M keys | {whole:.2f} s | {1e3 * piece:.0f} ms |"
    )
    list(takes.write_take(item, {"rig": made}, frames, provenance={}))
    again = {"replace": item.cadenza_takes[0], "frame_range": (4000, 6000)}
    whole_again, piece_again = best(lambda: write(**again), 3)
    print(f"| frames 4,000 to 6,000 of it written again | {whole_again:.2f} s | {1e3 * piece_again:.0f} ms |")
    takes.delete(item, item.cadenza_takes[0])
    measured = [insert_keys(item, made, n) for n in FITTED]
    fit = np.polyfit(FITTED, measured, 2, w=1 / np.array(measured))
    slow = float(np.polyval(fit, FRAMES))
    print(f"| keyframe_insert, fitted at {FRAMES:,} frames | {slow:,.0f} s = {slow / whole:,.0f} x | |")
    shown = ", ".join(f"{n}: {s:.1f} s" for n, s in zip(FITTED, measured, strict=True))
    return f"keyframe_insert measured at {shown}; fit {fit[2]:.2g} + {fit[1]:.3g} n + {fit[0]:.3g} n^2."


def bench_markers() -> None:
    scene = bpy.context.scene
    track = AnnotationTrack("phrase", tuple(Annotation(0.4 * i, 0.4, i % 8, 0.9) for i in range(MARKERS)))
    later = AnnotationTrack("phrase", tuple(Annotation(a.time + 0.01, 0.4, a.value) for a in track.annotations))

    def refresh() -> None:
        scene.render.fps = 54 - scene.render.fps  # 24, 30, 24, ...
        markers.refresh_markers(scene)

    scene.render.fps = 24
    work: list[tuple[str, Callable[[], object]]] = [
        ("put", lambda: markers.add_markers(scene, [track], 0.0, {"phrase"})),
        ("put again, all of them 10 ms later", lambda: markers.add_markers(scene, [later], 0.0)),
        ("placed at another frame rate", refresh),
        ("hidden", lambda: markers.show_track(scene, "phrase", False)),
        ("shown", lambda: markers.show_track(scene, "phrase")),
        ("deleted", lambda: markers.remove_markers(scene)),
    ]
    times = [[seconds_of(step) for _, step in work] for _ in range(RUNS)]
    for (what, _), seconds in zip(work, np.median(times, axis=0), strict=True):
        print(f"| {MARKERS:,} markers {what} | {1e3 * seconds:.0f} ms | |")


def main() -> None:
    print(f"Blender {bpy.app.version_string}, {platform.machine()}, {os.cpu_count()} cores; medians of {RUNS} runs.\n")
    print("| work | all of it | longest piece |\n|---|---|---|")
    note = bench_takes()
    bench_markers()
    print(f"\n{note}")
    sys.stdout.flush()
    os._exit(0)  # some builds of Blender's module crash while they are torn down


if __name__ == "__main__":
    main()
