# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""How long the add-on holds Blender: ``python scripts/bench_addon.py``.

- the longest tick of ``poll()`` during a job of three minutes of music, on our musician and on a character that
  needs violin and bow; and apart from it the undo step at the end, in which Blender itself copies all keys
  (it takes that long after any other operator in the same file too);
- drawing every panel, with a job's error, 60 mapped bones, 20 takes and 2,000 markers.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

SECONDS, FPS = 180.0, 30.0
LIMIT_TICK, LIMIT_DRAW = 50.0, 2.0
"""Milliseconds."""


class RecordingLayout:
    """Stands for a layout: takes every call, looks properties up as Blender would, draws nothing."""

    def __init__(self) -> None:
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        if name in ("prop", "prop_search"):
            return self._prop
        return self._nested

    def _prop(self, data: Any, name: str, *_: Any, **__: Any) -> None:
        self.calls += 1
        getattr(data, name)

    def _nested(self, *_: Any, **__: Any) -> RecordingLayout:
        self.calls += 1
        return RecordingLayout()

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)


def motion_file(folder: Path) -> Path:
    """Three minutes of turning joints."""
    from blender_addon.core import rotations
    from blender_addon.core.motion import Motion
    from blender_addon.core.violinist import violinist_skeleton

    body, frames = violinist_skeleton(), round(SECONDS * FPS)
    turns = np.random.default_rng(0).normal(0.0, 0.1, (1, len(body), 3))
    turns = turns * np.sin(np.arange(frames) / 9.0)[:, None, None]
    turns[:, list(body.held)] = 0.0
    local = rotations.from_rotation_vector(turns)
    positions, _ = body.forward_kinematics(local, np.repeat(body.rest_positions[None], frames, axis=0))
    (folder / "motion.npz").write_bytes(Motion(body, FPS, positions, local).to_bytes())
    return folder / "motion.npz"


def run_job(path: Path) -> None:
    """Apply the motion, and print how long Blender stood still."""
    import bpy

    from blender_addon import jobs

    bpy.context.scene.cadenza.motion_file = str(path)
    bpy.ops.cadenza.apply_motion()
    ticks: list[tuple[float, str]] = []
    job = jobs.current()
    assert job is not None
    while not job.ended:
        doing, begin = job.message, time.perf_counter()
        jobs.poll()
        ticks.append((1000 * (time.perf_counter() - begin), doing))
        time.sleep(0.005)
    if job.error:
        sys.exit(job.error)
    undo, _ = ticks.pop()
    worst, doing = max(ticks)
    print(f"longest of {len(ticks)} ticks   {worst:6.1f} ms ({doing}); at most {LIMIT_TICK:g}")
    print(f"Blender's undo step      {undo:6.1f} ms")


def drawing() -> dict[str, float]:
    """Median milliseconds of each panel's draw, and of the rows of its lists that are seen."""
    import bpy

    from blender_addon.panels import annotate, generator, performer, source, takes

    times = {}
    for module in (source, performer, generator, takes, annotate):
        for cls in (c for c in module.CLASSES if issubclass(c, bpy.types.Panel)):
            if not hasattr(cls, "poll") or cls.poll(bpy.context):
                times[cls.bl_idname] = _median(lambda cls=cls: cls.draw(_Drawn(), bpy.context))
    armature = bpy.context.scene.cadenza.character
    rows = [(performer.BoneList, armature.cadenza.bones), (takes.TakeList, armature.cadenza_takes)]
    for cls, items in rows:
        seen = list(items)[:10]
        times[cls.bl_idname] = _median(
            lambda cls=cls, seen=seen: [
                cls.draw_item(None, bpy.context, RecordingLayout(), None, i, 0, None, "") for i in seen
            ]
        )
    return times


class _Drawn:
    """Stands for a panel that is drawn."""

    @property
    def layout(self) -> RecordingLayout:
        return RecordingLayout()


def _median(draw: Any, runs: int = 50) -> float:
    found = []
    for _ in range(runs):
        begin = time.perf_counter()
        draw()
        found.append(1000 * (time.perf_counter() - begin))
    return float(np.median(found))


def fill_scene() -> None:
    """Twenty takes and 2,000 markers."""
    import bpy

    from blender_addon import jobs, markers
    from blender_addon.core.annotations import Annotation, AnnotationTrack

    scene = bpy.context.scene
    beats = tuple(Annotation(0.3 * i, 0.0, i % 4 + 1) for i in range(2000))
    markers.add_markers(scene, [AnnotationTrack("beat", beats)], 0.0)
    for i in range(19):
        take = scene.cadenza.character.cadenza_takes.add()
        take.name, take.uid, take.seed = f"Take {i + 2}", str(i), i
    jobs.refuse("Generate", "no backend answers at http://127.0.0.1:8765 (Connection refused)", "Start it")


def main() -> None:
    import bpy

    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    bpy.ops.preferences.addon_enable(module="blender_addon")
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.cadenza.add_musician()
    with tempfile.TemporaryDirectory() as folder:
        path = motion_file(Path(folder))
        run_job(path)
        foreign = bpy.context.scene.cadenza.character.data.bones
        foreign["violin_end"].name, foreign["bow_frog"].name = "one thing", "another"
        run_job(path)
    fill_scene()
    times = drawing()
    for name, taken in times.items():
        print(f"{name:24} {taken:6.3f} ms")
    whole = sum(times.values())
    print(f"all panels open          {whole:6.3f} ms; at most {LIMIT_DRAW:g}")
    sys.stdout.flush()
    os._exit(0)  # some builds of Blender's module crash while they are torn down


if __name__ == "__main__":
    main()
