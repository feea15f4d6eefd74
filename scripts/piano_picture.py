# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The picture of the pianist in docs/images: ``python scripts/piano_picture.py``, as scripts/pictures.py.

The music is a cadence of our own, in broken chords; no recording is needed.
"""

from __future__ import annotations

import os
import sys

import bpy
import numpy as np
from pictures import IMAGES, aim, camera, shoot

from backend.pipeline import Job, run
from backend.plugin_manager import load_plugins
from blender_addon import headless, timeline
from plugins.api import Annotation, AnnotationTrack, Audio, Motion

CHORDS = ((48, 55, 64, 67, 72), (45, 52, 60, 64, 69), (41, 48, 60, 65, 69), (43, 50, 59, 65, 67), (36, 48, 55, 64, 72))
BAR, STEP = 2.0, 0.25
MOMENT = 8.6


def cadence() -> list[AnnotationTrack]:
    """Two notes of the left hand held under the right hand's three; the last chord at once."""
    notes, beats = [], []
    for bar, chord in enumerate(CHORDS):
        start = 0.5 + bar * BAR
        beats.append(Annotation(start, 0.0, 1))
        notes += [Annotation(start, BAR, {"pitch": p, "velocity": 0.5, "hand": "left"}) for p in chord[:2]]
        order = (0, 1, 2, 1, 0, 1, 2, 1) if bar + 1 < len(CHORDS) else ()
        upper = [(start + STEP * i, STEP, chord[2 + k]) for i, k in enumerate(order)] or [
            (start, BAR, p) for p in chord[2:]
        ]
        notes += [Annotation(t, d, {"pitch": p, "velocity": 0.6, "hand": "right"}) for t, d, p in upper]
    return [AnnotationTrack("note", tuple(notes)), AnnotationTrack("beat", tuple(beats))]


def performed() -> Motion:
    sound = Audio(np.zeros(round(22050 * (len(CHORDS) * BAR + 1.5)), dtype=np.float32), 22050)
    return run(load_plugins(), Job("pianist", instrument="piano", annotations=cadence()), sound).motion


def main() -> None:
    motion = performed()
    scene = headless.build_scene(motion, motion.fps)
    scene.frame_set(round(timeline.frame_at(scene, MOMENT, motion.start)))
    view = camera("picture", scene)
    view.data.lens = 42
    aim(view, (-2.55, -0.62, 1.72), (-0.14, -0.60, 0.88))
    shoot(scene, view, (960, 720), IMAGES / "piano.jpg")
    sys.stdout.flush()
    os._exit(0)  # some builds of Blender's module crash while they are torn down


if __name__ == "__main__":
    assert bpy.app.version
    main()
