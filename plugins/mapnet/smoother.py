# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What can be said of a joint without the sound: a Gaussian process with Matern's covariance of order 3/2.

As a state of place and speed it is filtered and smoothed in time proportional to the frames (J. Hartikainen and
S. Sarkka, *Kalman filtering and smoothing solutions to temporal Gaussian process regression models*, 2010). Its answer
comes with a standard deviation: small where the joint was well seen, as large as the joint's usual range in a gap.
Axes share their deviations. All joints (and, in training, all windows) go at once: arrays are (T, N, 3) and (T, N).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[Any]

NEVER: Final = 1e12
"""Variance of what was not seen, square metres."""
SIGMAS: Final = np.geomspace(0.0015, 0.45, 10)
"""Metres of jitter among which the likeliest is found; between them it is interpolated."""
AMPLITUDES: Final = np.array([0.35, 1.0, 2.5, 7.0, 25.0])
"""Times the usual range of a joint, likewise."""
PACES: Final = np.array([0.1, 0.35, 1.0])
"""Times the seconds in which a joint usually changes, likewise."""
HALF_STEP: Final = 1.7
"""About half a step (as a factor) from one to the next of AMPLITUDES and of PACES: so near the likeliest is found."""
UNUSUAL: Final = 6.0
"""Log odds against a range e times as large, or as small, as usual (they grow with the square): where jitter hides how
far a joint moves, it moves as usual."""
FREEDOM: Final = 4.0
CONSISTENT: Final = 1.14
"""What a scale under Student's distribution of four degrees of freedom is multiplied by to be the deviation of normal
jitter in space (measured on simulated takes)."""
FEWEST: Final = 10
"""Looks from which on the jitter of a joint can be told."""
LEARNED_FROM: Final = 1000
"""Frames that are looked at to find them."""


@dataclass(frozen=True, eq=False)
class Seen:
    """Places on the frames' grid.

    Attributes:
        places: (T, N, 3) metres; where nothing was seen, anything.
        count: (T, N) how many looks fell on a frame: their mean is in ``places``.
        late: (T, N) seconds by which they came after their frame.
    """

    places: Floats
    count: Floats
    late: Floats


@dataclass(frozen=True, eq=False)
class Habit:
    """How joints move: (N,) metres of their range around a middle, and seconds in which they change."""

    amplitude: Floats
    seconds: Floats


def on_grid(seen: Floats, times: Floats, fps: float, first: float, frames: int) -> Seen:
    """Looks at ``times`` (K,) seconds, (K, N, 3) with NaN for what was not seen, on a grid of frames."""
    at = np.clip(np.round((times - first) * fps).astype(int), 0, frames - 1)
    known = np.isfinite(seen).all(axis=2)
    places = np.zeros((frames, *seen.shape[1:]))
    count = np.zeros((frames, seen.shape[1]))
    np.add.at(places, at, np.where(known[..., None], seen, 0.0))
    np.add.at(count, at, known)
    places /= np.maximum(count, 1.0)[..., None]
    late = np.zeros(count.shape)
    np.add.at(late, at, np.where(known, (times - first - at / fps)[:, None], 0.0))
    return Seen(places, count, late / np.maximum(count, 1.0))


def smooth(seen: Seen, middle: Floats, sigma: Floats, habit: Habit, fps: float) -> tuple[Floats, Floats]:
    """The places behind what was seen, (T, N, 3) metres, and how sure they are, (T, N) metres of deviation an axis.

    Args:
        middle: (N, 3) around which the joints move.
        sigma: (N,) metres of jitter.
    """
    step = _Step(habit, fps)
    variance = np.where(seen.count > 0, (sigma**2)[None] / np.maximum(seen.count, 1.0), NEVER)
    gains, kept = _forward_variances(step, variance, seen.late)
    means = _forward_means(step, gains, seen, middle)
    return _backward(step, means, kept, middle)


def habits(
    seen: Seen,
    middle: Floats,
    usual: Habit,
    fps: float,
    amplitudes: Floats = AMPLITUDES,
    paces: Floats = PACES,
    frames: int = LEARNED_FROM,
) -> tuple[Floats, Habit]:
    """The likeliest jitter, (N,) metres, and habit of each joint, from the surprises of the filter.

    Args:
        amplitudes, paces: times the usual range, and times the usual seconds, among which the likeliest are found.
        frames: so many are looked at.
    """
    part = slice(0, frames)
    choices = np.array([(s, a, p) for s in SIGMAS for a in amplitudes for p in paces])
    count = len(usual.amplitude)
    wide = Seen(*(np.tile(getattr(seen, n)[part], _times(len(choices), n)) for n in ("places", "count", "late")))
    sigma, amplitude, pace = np.repeat(choices, count, axis=0).T
    habit = Habit(np.tile(usual.amplitude, len(choices)) * amplitude, np.tile(usual.seconds, len(choices)) * pace)
    found = _likelihood(wide, np.tile(middle, (len(choices), 1)), sigma, habit, fps)
    unusual = np.log(choices[:, 1]) ** 2 + np.log(choices[:, 2]) ** 2
    likely = (found.reshape(len(choices), count) - UNUSUAL * unusual[:, None]).reshape(len(SIGMAS), -1, count)
    best = np.argmax(likely.max(axis=0), axis=0)
    chosen = choices.reshape(len(SIGMAS), -1, 3)[0, best]
    of_sigma = np.take_along_axis(likely, best[None, None], axis=1)[:, 0]
    sigma = _as_others(_peak(of_sigma), (seen.count[part] > 0).sum(axis=0))
    if len(amplitudes) * len(paces) < len(AMPLITUDES):  # a rough look, or a habit that is given
        return sigma, Habit(usual.amplitude * chosen[:, 1], usual.seconds * chosen[:, 2])
    near = Seen(seen.places[part], seen.count[part], seen.late[part])
    return sigma, _between(near, middle, sigma / CONSISTENT, usual, chosen[:, 1:], fps)


def _between(seen: Seen, middle: Floats, sigma: Floats, usual: Habit, chosen: Floats, fps: float) -> Habit:
    """The likeliest habit half a step of the lists around what was ``chosen`` of them, (N, 2) times the usual."""
    steps = np.array([(a, p) for a in HALF_STEP ** np.arange(-1.0, 2.0) for p in HALF_STEP ** np.arange(-1.0, 2.0)])
    tried = chosen * steps[:, None]  # (9, N, 2)
    count, choices = len(sigma), len(steps)
    wide = Seen(*(np.tile(getattr(seen, n), _times(choices, n)) for n in ("places", "count", "late")))
    amplitude, pace = tried.reshape(-1, 2).T
    habit = Habit(np.tile(usual.amplitude, choices) * amplitude, np.tile(usual.seconds, choices) * pace)
    found = _likelihood(wide, np.tile(middle, (choices, 1)), np.tile(sigma, choices), habit, fps)
    best = np.argmax(found.reshape(choices, count) - UNUSUAL * (np.log(tried) ** 2).sum(axis=-1), axis=0)
    amplitude, pace = tried[best, np.arange(count)].T
    return Habit(usual.amplitude * amplitude, usual.seconds * pace)


def _as_others(sigma: Floats, looks: Floats) -> Floats:
    """Jitter of joints that were hardly seen cannot be told: they have that of the others."""
    enough = looks >= FEWEST
    return np.where(enough, sigma, np.median(sigma[enough])) if enough.any() else sigma


def _times(count: int, name: str) -> tuple[int, ...]:
    return (1, count, 1) if name == "places" else (1, count)


def _peak(likely: Floats) -> Floats:
    """(N,) sigma at the top of the parabola through the best of SIGMAS and its neighbours."""
    best = np.clip(np.argmax(likely, axis=0), 1, len(SIGMAS) - 2)
    before, at, after = (np.take_along_axis(likely, best[None] + i, axis=0)[0] for i in (-1, 0, 1))
    bend = np.minimum(before - 2 * at + after, -1e-9)
    moved = np.clip(0.5 * (before - after) / bend, -1.0, 1.0)
    return np.asarray(CONSISTENT * SIGMAS[0] * (SIGMAS[1] / SIGMAS[0]) ** (best + moved))


class _Step:
    """From one frame to the next: ``a`` (2, 2, N) mixes place and speed, ``b`` (3, 3, N) their variances (of place, of
    both, of speed), to which ``q`` (3, N) is added; ``rest`` (3, N) are the variances of who was never seen."""

    def __init__(self, habit: Habit, fps: float) -> None:
        rate, dt = np.sqrt(3.0) / habit.seconds, 1.0 / fps
        fall = np.exp(-rate * dt)
        self.a = np.array([[fall * (1.0 + rate * dt), fall * dt], [-fall * rate**2 * dt, fall * (1.0 - rate * dt)]])
        self.b = _of_variances(self.a)
        self.rest = np.array([habit.amplitude**2, np.zeros_like(rate), (rate * habit.amplitude) ** 2])
        self.q = self.rest - (self.b * self.rest).sum(axis=1)

    def variances(self, p: Floats) -> Floats:
        """(3, N) of the next frame."""
        return np.asarray((self.b * p).sum(axis=1) + self.q)


def _of_variances(a: Floats) -> Floats:
    """(3, 3, ...) what (2, 2, ...) on the left and its transpose on the right do to a symmetric matrix."""
    (p, q), (r, s) = a
    return np.array([[p * p, 2 * p * q, q * q], [p * r, p * s + q * r, q * s], [r * r, 2 * r * s, s * s]])


def _forward_variances(step: _Step, variance: Floats, late: Floats) -> tuple[Floats, Floats]:
    """Gains (T, 2, N) and filtered variances (T, 3, N); they do not depend on what was seen."""
    frames, count = variance.shape
    gains, kept = np.empty((frames, 2, count)), np.empty((frames, 3, count))
    p = step.rest
    for t in range(frames):
        if t:
            p = step.variances(p)
        seen = p[:2] + late[t] * p[1:]
        gain = seen / (seen[0] + late[t] * seen[1] + variance[t])
        p = p - np.stack([gain[0] * seen[0], gain[0] * seen[1], gain[1] * seen[1]])
        gains[t], kept[t] = gain, p
    return gains, kept


def _forward_means(step: _Step, gains: Floats, seen: Seen, middle: Floats) -> Floats:
    """Filtered place and speed, (T, 2, N, 3), relative to the middle."""
    frames = len(gains)
    out = np.zeros((frames, 2, *middle.shape))
    a, gain, late = step.a[..., None], gains[..., None], seen.late[..., None]
    state = np.zeros((2, *middle.shape))
    relative = seen.places - middle
    for t in range(frames):
        if t:
            state = (a * state).sum(axis=1)
        state = state + gain[t] * (relative[t] - state[0] - late[t] * state[1])
        out[t] = state
    return out


def _backward(step: _Step, means: Floats, kept: Floats, middle: Floats) -> tuple[Floats, Floats]:
    """Rauch, Tung and Striebel's pass from the end to the beginning."""
    frames = len(means)
    f = np.moveaxis(kept, 0, 1)  # (3, T, N)
    next_ = (step.b[:, :, None] * f).sum(axis=1) + step.q[:, None]
    n0, n1, n2 = next_
    determinant = np.maximum(n0 * n2 - n1 * n1, 1e-300)
    a, b, c, d = step.a.reshape(4, 1, -1)
    # Covariance of a state with the next, times the inverse of the next one's.
    x00, x01, x10, x11 = f[0] * a + f[1] * b, f[0] * c + f[1] * d, f[1] * a + f[2] * b, f[1] * c + f[2] * d
    gain = np.array(
        [
            [(x00 * n2 - x01 * n1) / determinant, (x01 * n0 - x00 * n1) / determinant],
            [(x10 * n2 - x11 * n1) / determinant, (x11 * n0 - x10 * n1) / determinant],
        ]
    )
    on_variances = np.moveaxis(_of_variances(gain), 2, 0)
    gain = np.moveaxis(gain, 2, 0)[..., None]
    expected = (step.a[:, :, None, :, None] * np.moveaxis(means, 1, 0)[None]).sum(axis=1)  # (2, T, N, 3)
    next_, places, deviations = np.moveaxis(next_, 1, 0), np.empty(means[:, 0].shape), np.empty(kept[:, 0].shape)
    state, p = means[-1], kept[-1]
    for t in range(frames - 1, -1, -1):
        if t < frames - 1:
            state = means[t] + (gain[t] * (state - expected[:, t])).sum(axis=1)
            p = kept[t] + (on_variances[t] * (p - next_[t])).sum(axis=1)
        places[t], deviations[t] = state[0], p[0]
    return places + middle, np.sqrt(np.maximum(deviations, 1e-12))


def _likelihood(seen: Seen, middle: Floats, sigma: Floats, habit: Habit, fps: float) -> Floats:
    """(N,) log likelihood of what was seen. Surprises count as Student's of four degrees of freedom, so that joints
    that were taken for each other do not pass for jitter."""
    step = _Step(habit, fps)
    variance = np.where(seen.count > 0, (sigma**2)[None] / np.maximum(seen.count, 1.0), NEVER)
    axes = middle.shape[1]
    out = np.zeros(len(sigma))
    a, late = step.a[..., None], seen.late[..., None]
    p, state = step.rest, np.zeros((2, *middle.shape))
    relative = seen.places - middle
    for t in range(len(variance)):
        if t:
            p = step.variances(p)
            state = (a * state).sum(axis=1)
        known = p[:2] + seen.late[t] * p[1:]
        total = known[0] + seen.late[t] * known[1] + variance[t]
        surprise = relative[t] - state[0] - late[t] * state[1]
        far = (surprise**2).sum(axis=1) / total
        said = 0.5 * axes * np.log(total) + 0.5 * (FREEDOM + axes) * np.log1p(far / FREEDOM)
        out -= np.where(seen.count[t] > 0, said, 0.0)
        gain = known / total
        p = p - np.stack([gain[0] * known[0], gain[0] * known[1], gain[1] * known[1]])
        state = state + gain[..., None] * surprise
    return out
