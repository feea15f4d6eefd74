# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""docs/images/momu_seeds.jpg: the same moment of the minuet by four seeds of MoMu (needs bpy and, on Linux, libegl1)."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from pictures import IMAGES, ROOT, aim, camera, shoot
from PIL import Image

SEEDS = (1, 2, 3, 4)
PART, MOMENT = (0.0, 8.0), 3.6
"""Seconds of the example."""
SIZE = (420, 560)


def main() -> None:
    from backend.audio_files import read_audio
    from backend.pipeline import Job, run
    from backend.plugin_manager import load_plugins
    from blender_addon import headless, timeline

    registry, sound = load_plugins(), read_audio(ROOT / "examples" / "minuet.flac", *PART)
    rows = []
    with TemporaryDirectory() as folder:
        for seed in SEEDS:
            motion = run(registry, Job(generator="momu", seed=seed), sound).motion
            scene = headless.build_scene(motion, motion.fps)
            scene.frame_set(round(timeline.frame_at(scene, MOMENT, motion.start)))
            front = camera("front", scene)
            aim(front, (-0.55, -2.6, 1.65), (0.06, -0.2, 1.15))
            path = Path(folder) / f"{seed}.jpg"
            shoot(scene, front, SIZE, path)
            rows.append(np.asarray(Image.open(path)))
    Image.fromarray(np.concatenate(rows, axis=1)).save(IMAGES / "momu_seeds.jpg", quality=85)
    sys.stdout.flush()
    os._exit(0)  # some builds of Blender's module crash while they are torn down


if __name__ == "__main__":
    main()
