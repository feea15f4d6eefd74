# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What is seen of a motion: which beats it would fit, when it has accents, how lively it is.

Of any skeleton and at any frame rate, from six frames a second on: joints are not asked for by name. Accents are
where joints come to a stop; generated dances are judged by such beats (R. Li et al., *AI Choreographer*, ICCV 2021).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api import ComponentError, Motion
from plugins.mclemcd.listening import CLOCK, SLOW
from plugins.mclemcd.rhythm import BEATS, STEP, Family, Floats, levelled, of_family, salience, spectrum, uneven

SHORTEST: Final = 3.0
"""Seconds of motion that have a rhythm."""
STILL: Final = 0.01
"""Metres a second, mean of all joints, under which a motion keeps still; of a body 1.7 m tall."""
TALL: Final = 1.7
SLOWER: Final = 8.0
"""Seconds: what is slower is no rhythm of the body (two bars of a slow waltz are 4)."""
IN_THREES: Final[Family] = ((1 / 3, 1.5), (2 / 3, 1.0), (1.0, 1.0))
IN_FOURS: Final[Family] = ((1 / 8, 0.3), (1 / 4, 1.0), (3 / 8, 0.7), (1 / 2, 1.2), (3 / 4, 0.7), (1.0, 0.7))
"""Rates that stand out in a body that moves with a beat of rate 1: bars more than beats."""
OTHERWISE: Final = 0.5
"""What moving at half or double the beat costs."""
APART: Final = 0.2
"""Seconds between accents at the least."""


@dataclass(frozen=True, eq=False)
class Movement:
    """A motion as a recommender sees it.

    Attributes:
        fps: frames per second of what follows, those of the motion but at most CLOCK.
        curves: (T, K) speeds of the joints, speeds around the body's middle, heights.
        speed: (T,) mean speed of the joints, m/s.
        stopping: (T,) mean deceleration of the joints that slow down.
    """

    fps: float
    curves: Floats
    speed: Floats
    stopping: Floats

    @property
    def duration(self) -> float:
        return len(self.speed) / self.fps

    @cached_property
    def fits(self) -> Floats:
        """(2, F) how well a beat at BEATS in bars of three, of four fits, 0 where nothing speaks for it or against;
        that of double and half the beat counts too."""
        power = spectrum(levelled(self.curves, self.fps, SLOWER), self.fps).sum(axis=0)
        seen = salience(power)
        octave = round(np.log(2.0) / STEP)
        rates = BEATS[0] * np.exp(STEP * np.arange(-octave, len(BEATS) + octave))
        out = []
        for family in (IN_THREES, IN_FOURS):
            found = of_family(seen, rates, family)
            there = found[octave : octave + len(BEATS)]
            double, half = found[2 * octave :][: len(BEATS)], found[: len(BEATS)]
            out.append(np.maximum(there, np.maximum(double, half) - OTHERWISE))
        return np.stack(out)

    @cached_property
    def accents(self) -> Floats:
        """(N,) at CLOCK, where joints come to a stop, of deviation 1."""
        return levelled(self._at_clock(self.stopping, CLOCK)[:, None], CLOCK, 6.0)[:, 0]

    @cached_property
    def pattern(self) -> Floats:
        """(N,) of the accents what is not the same in every bar."""
        return uneven(self.accents, CLOCK)

    @cached_property
    def energy(self) -> Floats:
        """(N,) at SLOW, the logarithm of how lively the motion is, over a second or so."""
        from scipy.ndimage import uniform_filter1d

        smooth = uniform_filter1d(self.speed, max(1, round(self.fps)), mode="nearest")
        level = np.log(np.maximum(smooth, 0.02 * max(float(smooth.max()), 1e-9)))
        return self._at_clock(level - level.mean(), SLOW)

    @cached_property
    def accent_times(self) -> Floats:
        """(A,) seconds from the first frame: the clearer ones of the accents."""
        from scipy.signal import find_peaks

        strength = np.sqrt(self.stopping)
        distance = max(1.0, APART * self.fps)
        peaks, _ = find_peaks(strength, distance=distance, prominence=0.5 * float(strength.std()) + 1e-12)
        inner = peaks[(peaks > 0) & (peaks < len(strength) - 1)]
        before, here, after = strength[inner - 1], strength[inner], strength[inner + 1]
        bend = np.minimum(before - 2.0 * here + after, -1e-12)
        return np.asarray((inner + np.clip(0.5 * (before - after) / bend, -0.5, 0.5)) / self.fps)

    def _at_clock(self, curve: Floats, clock: float) -> Floats:
        count = max(1, int(self.duration * clock))
        return np.interp(np.arange(count) / clock, np.arange(len(curve)) / self.fps, curve)


def watch(motion: Motion) -> Movement:
    """See a motion.

    Raises:
        ComponentError: it is too short, keeps still, or none of its joints is known throughout; with what to do.
    """
    if motion.duration < SHORTEST or len(motion) < 8:
        raise ComponentError(
            f"{motion.duration:.2f} s of motion ({len(motion)} frames) are too few to have a rhythm; "
            f"choose at least {SHORTEST:g} s"
        )
    places = _joints(motion)
    fps = motion.fps
    if fps > CLOCK:
        places, fps = _fewer(places, fps)
    middle = places.mean(axis=1, keepdims=True)
    speeds, around = _speeds(places, fps), _speeds(places - middle, fps)
    stopping = np.maximum(-np.gradient(speeds, axis=0) * fps, 0.0).mean(axis=1)
    speed = speeds.mean(axis=1)
    size = float(np.ptp(places[..., 2], axis=1).max(initial=0.0)) or TALL
    if speed.mean() < STILL * size / TALL:
        raise ComponentError("the motion keeps still; choose one that moves")
    curves = np.concatenate([speeds, around, places[..., 2]], axis=1)
    return Movement(fps, curves, speed, stopping)


def _joints(motion: Motion) -> Floats:
    """(T, J, 3) of the body's joints, those that are known throughout; fingers and props would count too much."""
    known = np.isfinite(motion.positions).all(axis=(0, 2))
    body = known & np.array([role == "body" for role in motion.skeleton.roles])
    chosen = body if body.any() else known
    if not chosen.any():
        raise ComponentError("no joint of the motion is known throughout; complete it first")
    return motion.positions[:, chosen].astype(np.float64)


def _fewer(places: Floats, fps: float) -> tuple[Floats, float]:
    """At CLOCK frames a second; what would be faster than that is smoothed away."""
    from scipy.ndimage import gaussian_filter1d

    smooth = gaussian_filter1d(places, 0.4 * fps / CLOCK, axis=0, mode="nearest")
    count = max(2, int(len(places) * CLOCK / fps))
    at = np.minimum(np.arange(count) * fps / CLOCK, len(places) - 1.0)
    low = np.minimum(at.astype(np.int64), len(places) - 2)
    part = (at - low)[:, None, None]
    return smooth[low] * (1.0 - part) + smooth[low + 1] * part, CLOCK


def _speeds(places: npt.NDArray[np.floating[Any]], fps: float) -> Floats:
    return np.asarray(np.linalg.norm(np.gradient(places, axis=0), axis=2) * fps)
