# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Moments at which a note may start, and how likely each is an onset and a new bow.

A logistic model weighs what the network and the sound say. Its coefficients are
fitted by ``scripts/fit_onset_model.py`` on two recordings of J. Garner (CC BY 3.0)
and our example; ``docs/quality.md`` has the figures with each one held out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from plugins.api import Audio
from plugins.api.pitch_network import FPS, LOWEST_PITCH, Posteriors
from plugins.transcription.onsets import superflux

LOWEST, HIGHEST = 55, 103
"""G3, the open G string, to G7, the end of the fingerboard."""
SEPARATION: Final = 6
"""Frames (70 ms) between two onsets: faster than any stroke."""
RISE: Final = 4
"""Frames over which a note's posterior is seen to rise."""

FEATURES: Final = ("onset", "flux", "note rise", "loudness dip", "loudness rise", "note", "loudness")
ONSET_MODEL: Final = (4.763, 3.239, 4.525, -0.19, -0.092, -1.937, 0.0, -5.83)
"""Weights of FEATURES, then the constant."""
BOW_MODEL: Final = (1.483, 2.674, 0.014, -2.576, 0.078, -0.39, 7.627, -5.306, -4.807, -2.888)
"""Weights of :func:`bow_features`, then the constant."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Candidates:
    """(N,) frames in order; probabilities of a note onset and of a new bow at each."""

    frames: Ints
    onset: Floats = field(repr=False)
    new_bow: Floats = field(repr=False)


def violin_range(posterior: npt.NDArray[np.float32]) -> Floats:
    """(T, 49) columns of the violin's pitches."""
    return posterior[:, LOWEST - LOWEST_PITCH : HIGHEST - LOWEST_PITCH + 1].astype(np.float64)


def find_candidates(heard: Posteriors, audio: Audio) -> Candidates:
    """Every moment that could be an onset, with its probabilities."""
    frames, features = onset_features(heard, audio)
    onset = logistic(features, ONSET_MODEL)
    return Candidates(frames, onset, logistic(bow_features(features, onset), BOW_MODEL))


def bow_features(features: Floats, onset: Floats) -> Floats:
    """(N, 9) what tells a new bow from a slurred note: FEATURES, but with flux and loudness dip as parts
    of what this recording's clear onsets have (a hall fills the dips), also weighted by the onset's probability."""
    clear = features[onset > 0.5]
    if not len(clear):
        clear = np.ones((1, len(FEATURES)))
    flux = features[:, 1] / max(float(np.percentile(clear[:, 1], 80)), 1e-3)
    dip = features[:, 3] / max(abs(float(np.percentile(clear[:, 3], 10))), 1e-3)
    others = np.delete(features, [1, 3], axis=1)
    return np.column_stack([others, dip, flux, onset * dip, onset * flux])


def onset_features(heard: Posteriors, audio: Audio) -> tuple[Ints, Floats]:
    """Candidate frames (N,) and their (N, 7) FEATURES."""
    length = len(heard.note)
    note, onset = violin_range(heard.note), violin_range(heard.onset).max(axis=1)
    flux = superflux(audio)[:length]
    loud = audio.loudness(FPS)[:length].astype(np.float64)
    rise = np.zeros(length)
    if length > 2 * RISE:
        rise[RISE:-RISE] = np.maximum(note[2 * RISE :] - note[: -2 * RISE], 0.0).max(axis=1)
    frames = _peaks(onset, flux, rise)
    full = np.percentile(loud, 95) if length else 0.0
    columns = (
        _window_max(onset, 2, 2),
        _window_max(flux, 2, 2),
        _window_max(rise, 2, 2),
        _window_min(loud, 4, 4) - _window_max(loud, 14, 0),
        _window_max(loud, 0, 8) - _window_min(loud, 5, 1),
        _window_max(note.max(axis=1, initial=0.0), 0, 8),
        _window_max(loud, 0, 8) - full,
    )
    return frames, np.stack(columns, axis=1)[frames]


def _peaks(onset: Floats, flux: Floats, rise: Floats) -> Ints:
    """Peaks of any of the three curves, the highest first, none closer than SEPARATION to a higher one."""
    from scipy.signal import find_peaks

    found = [
        find_peaks(np.pad(curve, 1), height=height, distance=SEPARATION - 1)[0] - 1
        for curve, height in ((onset, 0.2), (flux, 0.4), (rise, 0.35))
    ]
    frames = np.unique(np.concatenate(found)).astype(np.int64)
    strength = np.maximum.reduce([onset[frames], np.minimum(flux[frames], 1.0), rise[frames]])
    free = np.ones(len(onset), dtype=bool)
    kept = []
    for i in np.argsort(-strength, kind="stable"):
        frame = int(frames[i])
        if free[frame]:
            kept.append(frame)
            free[max(frame - SEPARATION + 1, 0) : frame + SEPARATION] = False
    return np.array(sorted(kept), dtype=np.int64)


def logistic(features: Floats, model: tuple[float, ...]) -> Floats:
    """(N,) probabilities of a logistic model: weights, then the constant."""
    return np.asarray(1.0 / (1.0 + np.exp(-(features @ np.array(model[:-1]) + model[-1]))))


def _window_max(x: Floats, before: int, after: int) -> Floats:
    """Maximum of x over [t - before, t + after] at every t."""
    from scipy.ndimage import maximum_filter1d

    return np.asarray(maximum_filter1d(x, before + after + 1, origin=(before - after) // 2, mode="nearest"))


def _window_min(x: Floats, before: int, after: int) -> Floats:
    from scipy.ndimage import minimum_filter1d

    return np.asarray(minimum_filter1d(x, before + after + 1, origin=(before - after) // 2, mode="nearest"))
