# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The picture of a plucked note in docs/images: ``python scripts/technique_picture.py``, as scripts/pictures.py.

The music is a few notes of our own; no recording is needed.
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
from plugins.api import Annotation, AnnotationTrack, Audio

PLUCKED = (62, 69, 74, 69, 66)
MOMENT = 1.5


def main() -> None:
    notes = [Annotation(0.5 * (i + 1), 0.4, {"pitch": p, "marks": ["pizzicato"]}) for i, p in enumerate(PLUCKED)]
    known = [AnnotationTrack("note", tuple(notes)), AnnotationTrack("beat")]
    sound = Audio(np.zeros(22050 * 4, dtype=np.float32), 22050)
    motion = run(load_plugins(), Job(annotations=known), sound).motion
    scene = headless.build_scene(motion, motion.fps)
    scene.frame_set(round(timeline.frame_at(scene, MOMENT, motion.start)))
    view = camera("picture", scene)
    view.data.lens = 55
    aim(view, (-0.62, -1.55, 1.72), (0.06, -0.22, 1.43))
    shoot(scene, view, (900, 600), IMAGES / "pizzicato.jpg")
    sys.stdout.flush()
    os._exit(0)  # some builds of Blender's module crash while they are torn down


if __name__ == "__main__":
    assert bpy.app.version
    main()
