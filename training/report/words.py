# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What the report says besides figures."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from plugins.beat_align.timing import SMOOTHED
from training.report.bootstrap import COMPARED, RESAMPLES
from training.report.music import NEAR, TOLERANCE

WIDTH: Final = 120
PAPER: Final = {"violin": "21.38 / 19.68 / 35.58 / 31.96", "piano": "10.22 / 11.00 / 20.63 / 23.03"}
"""FD_g, FD_k, ED_g, ED_k of MOSA's table VII."""

FOLDS: Final = """Windows of all recordings, shuffled, a fifth held out: neighbours that share most of a window's frames
    are trained on, and so is every piece and every player. Single windows, each by itself, on the scale of the real
    windows of its row. The honest rows are of the same training but for what was held out."""


def opening(card: str, recordings: int) -> Iterator[str]:
    yield from prose(f"""Made by `cadenza-train evaluate`; do not edit. Figures in brackets: 95 % intervals by the
        bootstrap over recordings ({RESAMPLES} resamples, percentiles); with few recordings they are rough, and those of
        distances lie high, since a resample has fewer recordings than there are. Each row is of one run of training:
        another seed would give other figures, and no interval says how much. The clips: a `card.json` with SHA-256
        `{card[:16]}…`, {recordings} recordings, simulated or real as that card says.""")


def methods(instrument: str, joints: Sequence[str]) -> Iterator[str]:
    """A bullet for each kind of figure."""
    yield from bullet(f"""**Distances**: of {len(joints)} joints ({", ".join(joints)}), which all of the weights answer
        with, at 40 frames a second, in clips end to end. Coordinates are those of the performer's own frame, less the
        mean of the real clips of the split, clipped at Tukey's fences, each part of the body scaled so that its widest
        coordinate spans 0 to 50; velocities (FD_k, ED_k) on a scale of their own made likewise. FD: squared
        2-Wasserstein distance of Gaussians of single frames; ED: mean distance of the frames of two clips, over all
        pairs of clips ({COMPARED} of them, where there are many more). The paper gives no code: its figures (Full:
        {PAPER[instrument]}) are on other data and an unknown scale, and cannot be compared.""")
    yield from bullet("""**Sway** is drawn by chance, with rhythm and size as in the training clips; FD and ED reward
        it, since they ask whether poses are like the real ones, not whether they fit the music. Hence the rows *without
        sway*.""")
    yield from bullet(f"""**Beat alignment** (R. Li et al., *AI Choreographer*, 2021): mean of exp(-d² / 2s²),
        s {NEAR:g} s, d from each minimum of the mean speed of the joints (smoothed by {1000 * SMOOTHED:.0f} ms) to the
        nearest annotated beat. It tells little: see the real motion, and chance (the beats of another piece).""")
    yield from bullet("""**Accelerations**: m/s², second differences. Seams: the mean of the hands where windows of the
        network meet, over that elsewhere; beside it the same of the real motion in the same frames.""")
    if instrument == "violin":
        yield from _violin()
    else:
        yield from bullet("""**Wrists**: mean distance from the real ones, also of wrists that stay where those of the
            training clips are on average; correlation of their way to left and right with the real one.""")


def _violin() -> Iterator[str]:
    yield from bullet(f"""**Bow changes**: F1 at {1000 * TOLERANCE:.0f} ms; the bow moves 4 mm before and after. Weights
        without strokes have theirs read off the bow's tip, the right knuckle and the neck; the row *real* says how well
        that reading does on the real motion. Chance: the turns of another piece.""")
    yield from bullet("""**Contact**: after inverse kinematics; the hair and the string nearest to it while notes sound
        (which string is meant is not in the clips), and the right wrist from where the grip on the bow has it.""")


def prose(text: str) -> list[str]:
    return textwrap.wrap(" ".join(text.split()), WIDTH, break_long_words=False, break_on_hyphens=False)


def bullet(text: str) -> Iterator[str]:
    first, *rest = prose(text)
    yield f"- {first}"
    yield from (f"  {line}" for line in rest)
