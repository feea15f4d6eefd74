# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Whether motion and music keep time with each other.

Beats of the music are those of the ``beats`` plug-in (librosa's tracker, D. Ellis 2007, that begins from 100 a minute),
for every row the same. Beats of a motion are the minima of the mean speed of all joints (``plugins.beat_align.timing``,
a Gaussian of 83 ms).

LORIS (J. Yu et al., 2023) compares sounds: onsets of librosa, and whether each whole second has one. Where nearly every
second does, any other music scores as well; its figures are here for parity, beside rows of chance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api import Audio, JobContext, Recognizer, find_track
from plugins.api.log_mel import FPS
from plugins.beat_align.timing import motion_beats
from plugins.beats.tracker import BeatTracker
from training.metrics import Floats, event_f1
from training.report.bootstrap import mean
from training.report.music import beat_alignment

TRACKER: Final = "the `beats` plug-in (librosa's tracker)"
SAMPLE_RATE: Final = 22050
"""Hz, at which LORIS listens."""
TOLERANCES: Final = (0.05, 0.1)
"""Seconds that a beat may be off."""


@dataclass(frozen=True, eq=False)
class Heard:
    """What a dance's music has: seconds of its beats, and whether each whole second has an onset (LORIS)."""

    beats: Floats = field(repr=False)
    seconds: npt.NDArray[np.bool_] = field(repr=False)


def listen(audio: Audio) -> Heard:
    """Beats and onsets of a sound."""
    return Heard(music_beats(audio), whole_seconds(onsets(audio), audio.duration))


def music_beats(audio: Audio) -> Floats:
    """Seconds from the sound's start."""
    tracker: Recognizer = BeatTracker()
    found = find_track(tracker.recognize(audio, None, tracker.Options(), JobContext()), "beat")
    return np.asarray(found.times, dtype=np.float64) - audio.start


def dance_beats(places: npt.NDArray[np.floating[Any]]) -> Floats:
    """Seconds of the beats of (T, J, 3) metres at 40 frames a second."""
    return motion_beats(places, FPS)


def onsets(audio: Audio) -> Floats:
    """Seconds of the onsets, with LORIS's settings of librosa."""
    import soxr
    from librosa.onset import onset_detect

    samples = audio.samples
    if audio.sample_rate != SAMPLE_RATE:
        samples = soxr.resample(samples, audio.sample_rate, SAMPLE_RATE, quality="HQ")
    wide = dict.fromkeys(("pre_avg", "post_avg", "pre_max", "post_max"), 3)
    found = onset_detect(y=samples, sr=SAMPLE_RATE, wait=1, delta=0.2, units="time", **wide)
    return np.asarray(found, dtype=np.float64)


def whole_seconds(times: npt.ArrayLike, seconds: float) -> npt.NDArray[np.bool_]:
    """Whether each second, the last perhaps a part, has one of ``times``; those beyond the end count for nothing."""
    given = np.asarray(times, dtype=np.float64)
    out = np.zeros(int(np.ceil(seconds)), dtype=np.bool_)
    out[given[(given >= 0.0) & (given < seconds)].astype(np.int64)] = True
    return out


def coverage(reference: npt.NDArray[np.bool_], made: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """LORIS's beat coverage (hits of those made) and beat hit (hits of the reference's); 0 where there is nothing."""
    count = min(len(reference), len(made))
    real, other = reference[:count], made[:count]
    hits = float((real & other).sum())
    return hits / max(float(other.sum()), 1.0), hits / max(float(real.sum()), 1.0)


def loris(covered: npt.ArrayLike, hit: npt.ArrayLike, weights: Floats) -> dict[str, Floats]:
    """BCS, CSD, BHS, HSD and F1, each (B,) of the resamples ``weights`` (B, R) of R recordings: means, standard
    deviations over recordings (of a sample, as LORIS has it), and F1 of the means."""
    bcs, bhs = mean(covered, weights), mean(hit, weights)
    f1 = 2.0 * bcs * bhs / np.maximum(bcs + bhs, 1e-9)
    return {"BCS": bcs, "CSD": deviation(covered, weights), "BHS": bhs, "HSD": deviation(hit, weights), "F1": f1}


def deviation(values: npt.ArrayLike, weights: Floats) -> Floats:
    """(B,) standard deviations of a sample, of (R,) figures of recordings; 0 for a single one."""
    given = np.asarray(values, dtype=np.float64)
    count = weights.sum(axis=1)
    centre = weights @ given / count
    spread = (weights * np.square(given[None] - centre[:, None])).sum(axis=1)
    return np.asarray(np.sqrt(spread / np.maximum(count - 1.0, 1.0)))


def timing(found: Floats, heard: Heard, seconds: float) -> dict[str, float]:
    """How the beats of a motion (seconds) fit music of this length.

    F at each tolerance; ``alignment`` over the motion's beats (AI Choreographer), ``alignment_music`` over the music's
    (Bailando: who moves once, on the beat, gains nothing by it), both with a width of 50 ms; LORIS's two.
    """
    made, beats = found[found < seconds], heard.beats[heard.beats < seconds]
    covered, hit = coverage(heard.seconds, whole_seconds(made, seconds))
    return {
        **{f"f_{1000 * near:.0f}": event_f1(beats, made, near) for near in TOLERANCES},
        "alignment": aligned(made, beats),
        "alignment_music": aligned(beats, made),
        "covered": covered,
        "hit": hit,
        "rate": len(made) / seconds,
    }


def aligned(those: Floats, nearest: Floats) -> float:
    """``beat_alignment``; of what has no beats nothing is on the beat: such a motion must not be left out of a mean."""
    return beat_alignment(those, nearest) if len(those) and len(nearest) else 0.0


def chance_beats(seconds: float, rate: float, rng: np.random.Generator) -> Mapping[str, Floats]:
    """Beats that know nothing of the music: a click a second, and as many as ``rate`` a second anywhere."""
    return {
        "a click a second": np.arange(0.5, seconds, 1.0),
        "beats anywhere": np.sort(rng.uniform(0.0, seconds, round(rate * seconds))),
    }


def bar_lock(places: npt.NDArray[np.floating[Any]], beats: Floats, beats_in_bar: float) -> float:
    """How steadily a motion keeps to bars of the music, wherever in the bar: pairwise phase consistency of its beats
    (M. Vinck et al., 2010), about 0 by chance and 1 when each is at the same place of a bar."""
    found = dance_beats(places)
    if len(beats) < 3 or len(found) < 2:
        return 0.0
    turned = np.exp(2j * np.pi * beat_phase(found, beats) / beats_in_bar)
    count = len(found)
    return float((np.abs(turned.sum()) ** 2 - count) / (count * (count - 1.0)))


def beat_phase(times: Floats, beats: Floats) -> Floats:
    """Beats since the first one, at ``times``: on beyond both ends at the usual rate."""
    period = float(np.median(np.diff(beats)))
    before, after = (times - beats[0]) / period, len(beats) - 1.0 + (times - beats[-1]) / period
    inside = np.interp(times, beats, np.arange(len(beats)))
    return np.where(times < beats[0], before, np.where(times > beats[-1], after, inside))
