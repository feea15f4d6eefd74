# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Write plugins/api/playing_pose.json: ``python scripts/make_playing_pose.py``.

The pose is the ``performer``'s, without sway, in the middle of a long down-bow on the open A string.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from plugins.api import Annotation, AnnotationTrack, Audio, JobContext
from plugins.ik.step import InverseKinematics
from plugins.performer.generator import Performer

TARGET = Path(__file__).parents[1] / "plugins" / "api" / "playing_pose.json"
SECONDS, MIDDLE = 6.0, 2.4


def main() -> None:
    note = Annotation(1.0, 3.0, {"pitch": 69, "velocity": 0.6, "new_bow": True})
    beats = tuple(Annotation(float(time), 0.0, time) for time in (1, 2, 3))
    known = [AnnotationTrack("note", (note,)), AnnotationTrack("beat", beats)]
    context = JobContext(fps=30.0, annotations=known, instrument="violin")
    performer, ik = Performer(), InverseKinematics()
    still = performer.Options(sway=0.0, pulse=0.0, weight=0.0, breathing=0.0, vibrato=0.0)
    motion = performer.generate(Audio(np.zeros(round(8000 * SECONDS), np.float32), 8000), still, context)
    motion = ik.apply(motion, ik.Options(), context)
    places = motion.positions[round(MIDDLE * motion.fps)].astype(float)
    places[:, :2] -= places[motion.skeleton.index("hips"), :2]
    told = zip(motion.skeleton.joints, places.round(4).tolist(), strict=True)
    TARGET.write_text(json.dumps(dict(told)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
