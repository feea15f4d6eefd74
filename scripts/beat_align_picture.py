# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""docs/images/beat_align.jpg: a made-up dance whose tempo wanders, before and after ``beat-align``."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")
ROOT = Path(__file__).resolve().parents[1]
SECONDS, FPS = 10.0, 30.0
BEATS = np.arange(0.4, SECONDS, 0.6)


def main() -> None:
    import matplotlib.pyplot as plt

    from plugins.api import Annotation, AnnotationTrack, Audio, JobContext
    from plugins.beat_align.corrector import BeatAlign
    from plugins.beat_align.timing import motion_beats

    track = AnnotationTrack("beat", tuple(Annotation(float(t), 0.0, i % 4 + 1) for i, t in enumerate(BEATS)))
    silence = Audio(np.zeros(round(SECONDS * 100), dtype=np.float32), 100)
    before = wandering()
    after = BeatAlign().correct(before, silence, BeatAlign.Options(), JobContext(fps=FPS, annotations=[track]))
    figure, axes = plt.subplots(2, 1, figsize=(10, 4), sharex=True, layout="constrained")
    for axis, motion, words in zip(axes, (before, after), ("before", "onto the beat"), strict=True):
        speed = np.linalg.norm(np.diff(motion.positions, axis=0), axis=-1).mean(axis=1) * FPS
        axis.vlines(BEATS, 0, 1.1 * speed.max(), color="tab:orange", lw=3, alpha=0.5, label="beats of the music")
        axis.plot(motion.times[:-1] + 0.5 / FPS, speed, color="black", label="speed of the body, m/s")
        rests = motion_beats(motion.positions, FPS)
        axis.plot(rests, np.full(len(rests), 0.05 * speed.max()), "k^", ms=6)
        axis.set_title(words, loc="left", fontsize=10)
        axis.set_ylim(0, 1.1 * speed.max())
    axes[0].legend(loc="upper right", fontsize=8)
    axes[1].set_xlabel("seconds; triangles: moments at which the body comes to rest")
    figure.savefig(ROOT / "docs" / "images" / "beat_align.jpg", dpi=90, pil_kwargs={"quality": 85})


def wandering():
    """The musician steps from side to side, and comes to rest a little before or after each beat, as it happens."""
    from plugins.api import Motion, violinist

    skeleton = violinist.violinist_skeleton()
    times = np.arange(round(SECONDS * FPS)) / FPS
    rests = BEATS + np.random.default_rng(4).uniform(-0.17, 0.17, len(BEATS))
    swung = 0.5 * np.cos(np.pi * np.interp(times, rests, np.arange(len(rests))))
    places = np.repeat(skeleton.rest_positions[None], len(times), axis=0)
    places[..., 0] += 0.3 * swung[:, None] * (places[..., 2] / 1.7)
    return Motion(skeleton, FPS, places)


if __name__ == "__main__":
    main()
