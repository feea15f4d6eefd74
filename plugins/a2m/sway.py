# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""How a body sways besides what the sound says: chance with the rhythm and the size of the clips', from a seed.

A network that is asked for one answer gives the mean of all that could be, and the mean of all ways to sway
is to stand still. What it leaves over on the clips moves few directions of the body, slowly. Those
directions (principal components) and how fast each goes (its spectrum) are kept with the weights; noise of that
spectrum, drawn by the job's seed, is put on top. It is the classical model of a stationary process
(M. Shinozuka & G. Deodatis, *Applied Mechanics Reviews* 44, 1991), here by convolution, so that the beginning
does not depend on how long the music is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api.log_mel import FPS

Floats = npt.NDArray[np.float64]

DIRECTIONS: Final = 4
"""Principal components that are kept."""
TAPS: Final = 1024
"""Frames of the spectrum's impulse response (25.6 s): the slowest sway that is told from another posture."""
PREFIX: Final = "sway."
"""Of the names of its arrays in a checkpoint."""
FASTEST: Final = 0.6
"""Hertz above which what is left over is no sway, but strokes that the model missed: with this the head accelerates
as the real one does."""


@dataclass(frozen=True, eq=False)
class Sway:
    """Sway as it was in the clips.

    Attributes:
        directions: (K, J, 3) metres that the joints move for one standard deviation of each component.
        responses: (K, TAPS) impulse response of each component, by which white noise gets its spectrum.
    """

    directions: Floats = field(repr=False)
    responses: Floats = field(repr=False)

    @classmethod
    def fit(cls, left_over: Sequence[Floats], leading: Sequence[int], resting: Sequence[int] = ()) -> Sway:
        """From what a model left over on some clips, each (T, J, 3) metres at FPS.

        Args:
            leading: joints whose movement is sway; the others (a bow arm) do as they do on average then,
            resting: but for these, which do not sway.
        """
        from scipy.signal import butter, sosfiltfilt

        low = butter(2, FASTEST, fs=FPS, output="sos")
        slow = [sosfiltfilt(low, clip - clip.mean(axis=0), axis=0).reshape(len(clip), -1) for clip in left_over]
        led = [clip.reshape(len(clip), -1, 3)[:, list(leading)].reshape(len(clip), -1) for clip in slow]
        every = np.concatenate(led)
        _, _, axes = np.linalg.svd(np.cov(every, rowvar=False))
        size = (every @ axes[:DIRECTIONS].T).std(axis=0)
        axes = axes[:DIRECTIONS] / np.maximum(size, 1e-9)[:, None]
        scores = [clip @ axes.T for clip in led]
        directions, *_ = np.linalg.lstsq(np.concatenate(scores), np.concatenate(slow), rcond=None)
        directions = directions.reshape(DIRECTIONS, -1, 3)
        directions[:, list(resting)] = 0.0
        responses = np.stack([_response([clip[:, k] for clip in scores]) for k in range(DIRECTIONS)])
        return cls(directions, responses)

    def sample(self, count: int, seed: int) -> Floats:
        """(count, J, 3) metres to add; a longer sample begins with the shorter one."""
        from scipy.signal import oaconvolve

        components, taps = self.responses.shape
        noise = np.random.default_rng(seed).standard_normal((max(count, 1) + taps - 1, components))
        scores = oaconvolve(noise, self.responses.T, mode="valid", axes=0)[:count]
        return np.asarray(np.tensordot(scores, self.directions, axes=1))

    def tensors(self) -> dict[str, npt.NDArray[np.float32]]:
        """As arrays for a checkpoint."""
        return {
            f"{PREFIX}directions": self.directions.astype(np.float32),
            f"{PREFIX}responses": self.responses.astype(np.float32),
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, npt.NDArray[Any]]) -> Sway | None:
        """From a checkpoint's arrays; None where it has no sway."""
        if f"{PREFIX}directions" not in tensors:
            return None
        found = (tensors[f"{PREFIX}{name}"].astype(np.float64) for name in ("directions", "responses"))
        return cls(*found)


def _response(scores: Sequence[Floats]) -> Floats:
    """(TAPS,) symmetric impulse response whose squared spectrum is the mean of the clips' (P. Welch, 1967)."""
    from scipy.signal import welch

    power = np.zeros(TAPS // 2 + 1)
    for clip in scores:
        long = np.pad(clip, (0, max(0, TAPS - len(clip))))
        power += len(clip) * welch(long, FPS, nperseg=TAPS, detrend=False, scaling="spectrum")[1]
    response = np.fft.irfft(np.sqrt(power))
    faded = np.roll(response, TAPS // 2) * np.hanning(TAPS)
    return np.asarray(faded / np.linalg.norm(faded))
