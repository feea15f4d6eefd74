# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Around where joints move, in a whole take: what was seen of it, and what is known of how players stand.

The mean of a thousand looks that jitter by 300 mm an axis is still 15 mm off, which no later step can see. But joints
stand where those of other players do, more or less, and off in the same way when a body is larger, turned or leaning.
So the middles are taken as drawn from a normal distribution that was learned, whose covariance is made broader until
it explains them (empirical Bayes): who is built or stands like nobody else is believed, and only then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from plugins.api.playing_joints import Floats

OTHERWISE: Final = np.array([0.002, 0.005, 0.012, 0.03, 0.08, 0.3])
"""Metres an axis by which a joint may stand elsewhere than any learned shape explains; the likeliest is taken, of the
legs for themselves: who sits, plays as others do."""
LEGS: Final = np.repeat(np.arange(13) >= 9, 3)
"""(39,) coordinates of knees and toes."""
NEVER: Final = 1e4
"""Variance of the middle of a joint that was never seen, square metres."""


@dataclass(frozen=True, eq=False)
class Usual:
    """How players stand: ``places`` (13, 3) metres in their own frame, and how bodies and frames differ, ``shapes``
    (K, 13, 3) metres of a deviation each."""

    places: Floats
    shapes: Floats

    def covariance(self) -> Floats:
        """(39, 39) square metres."""
        flat = self.shapes.reshape(len(self.shapes), self.places.size)
        return np.asarray(flat.T @ flat)


def likely_middle(seen: Floats, variance: Floats, usual: Usual) -> tuple[Floats, Floats]:
    """Where the middles are, (13, 3) metres, and how sure that is, (13,) metres of deviation an axis.

    Args:
        seen: (13, 3) means of what was seen; NaN of joints that never were.
        variance: (13,) of these means, an axis.
    """
    known = np.isfinite(seen).all(axis=1)
    off = (np.where(known[:, None], seen, usual.places) - usual.places).ravel()
    noise = np.repeat(np.where(known, variance, NEVER), 3)
    learned = usual.covariance()
    both = _likeliest(off, noise, learned, OTHERWISE[:, None] * np.ones(len(off)))
    legs = _likeliest(off, noise, learned, np.where(LEGS, OTHERWISE[:, None], both))
    prior = learned + np.diag(_likeliest(off, noise, learned, np.where(LEGS, legs, OTHERWISE[:, None])) ** 2)
    gain = np.linalg.solve(prior + np.diag(noise), prior).T
    left = np.diag(prior - gain @ prior).reshape(-1, 3).mean(axis=1)
    return usual.places + (gain @ off).reshape(-1, 3), np.sqrt(np.maximum(left, 1e-10))


def _likeliest(off: Floats, noise: Floats, learned: Floats, otherwise: Floats) -> Floats:
    """(39,) of (K, 39) deviations the one under which ``off`` (39,) is likeliest."""
    total = learned + (otherwise**2 + noise)[:, None] * np.eye(len(off))
    surprise = (np.linalg.solve(total, np.broadcast_to(off[:, None], (len(total), len(off), 1)))[..., 0] * off).sum(1)
    return np.asarray(otherwise[np.argmin(np.linalg.slogdet(total)[1] + surprise)])


def variance_of_mean(jitter: Floats, looks: Floats) -> Floats:
    """(N,) square metres of the trimmed mean of so many looks."""
    return np.asarray(1.05 * jitter**2 / np.maximum(looks, 1.0))
