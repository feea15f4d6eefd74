# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What ``beat-align`` does to real dances: the figures of docs/repair.md.

    python scripts/quality_beat_align.py MUSIC-TO-DANCE [--every 3]

Each dance goes through the corrector as ``cadenza refine`` sends it, beats heard by the recogniser that the backend
chooses; its rests are then judged by librosa's tracker, and by the beats that were used.
"""

from __future__ import annotations

import argparse
from functools import partial

import numpy as np

from backend.chain import Job
from backend.correction import correct
from backend.pipeline import recognize
from backend.plugin_manager import load_plugins
from plugins.api import Motion, find_track
from plugins.api.retimed import at_times
from plugins.beat_align.timing import times_on_the_beat
from training.metrics import event_f1
from training.momu.beats import dance_beats, music_beats
from training.momu.dance_clips import read
from training.momu.distances import acceleration

NAMES = (
    "F before",
    "F after",
    "F after, by the beats used",
    "both trackers, F at 70 ms",
    "acceleration",
    "moved, s",
    "fastest",
    "slowest",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dances")
    parser.add_argument("--every", type=int, default=3, help="one dance in so many")
    given = parser.parse_args()
    registry, rows = load_plugins(), []
    for clip in read("music-to-dance", given.dances)[:: given.every]:
        judged = music_beats(clip.audio)
        used = np.array(find_track(recognize(registry, Job(), clip.audio, ["beat"]), "beat").times) - clip.audio.start
        job = Job(corrector="beat-align", motion=Motion(clip.skeleton, 40.0, clip.places), fps=40.0)
        after = correct(registry, job, clip.audio).motion.positions
        times, places = np.arange(len(clip)) / 40.0, clip.places.astype(float)
        seen = times_on_the_beat(partial(at_times, places, times), times, used)
        rows.append(
            [
                event_f1(judged, dance_beats(clip.places), 0.1),
                event_f1(judged, dance_beats(after), 0.1),
                event_f1(used, dance_beats(after), 0.1),
                event_f1(judged, used, 0.07),
                acceleration(after).mean() / acceleration(clip.places).mean(),
                np.abs(seen - times).max(),
                (np.diff(seen) * 40.0).max(),
                (np.diff(seen) * 40.0).min(),
            ]
        )
    table = np.array(rows)
    for name, column in zip(NAMES, table.T, strict=True):
        print(f"{name}: mean {column.mean():.3f}, {column.min():.3f} to {column.max():.3f}")
    print(f"{len(table)} dances")


if __name__ == "__main__":
    main()
