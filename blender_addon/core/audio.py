# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Audio: samples in memory. Decoding a file is the backend's work."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt


class AudioError(ValueError):
    """Audio that cannot be used: the message says what is wrong and what to do."""


@dataclass(frozen=True, eq=False)
class Audio:
    """Mono sound.

    Attributes:
        samples: (N,) float32, full scale at 1.
        sample_rate: samples per second.
        start: time of sample 0 in the recording, seconds (not 0 for a cut).
    """

    samples: npt.NDArray[np.float32] = field(repr=False)
    sample_rate: int
    start: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "samples", np.ascontiguousarray(self.samples, dtype=np.float32))
        if self.samples.ndim != 1:
            raise AudioError(f"audio must be mono, of shape (N,), not {self.samples.shape}")
        if self.sample_rate <= 0:
            raise AudioError(f"the sample rate must be positive, not {self.sample_rate}")
        if not np.isfinite(self.samples).all():
            raise AudioError("the audio holds samples that are not numbers (NaN or infinite); export it again")

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.samples) / self.sample_rate

    @property
    def end(self) -> float:
        """Time in the recording of the end of the last sample, seconds."""
        return self.start + self.duration

    @cached_property
    def sha256(self) -> str:
        """Hash of the samples and their rate: the identity of the sound."""
        digest = hashlib.sha256(str(self.sample_rate).encode())
        digest.update(self.samples.tobytes())
        return digest.hexdigest()

    def loudness(self, fps: float, window: float = 0.046) -> npt.NDArray[np.float32]:
        """Root mean square around each frame, dB relative to full scale (floor -100).

        Args:
            fps: frames per second of the answer.
            window: seconds that each value averages (46 ms: two periods of G3 and more).

        Returns:
            (ceil(duration * fps),) float32.
        """
        half = max(1, round(window * self.sample_rate / 2))
        energy = np.concatenate([[0.0], np.cumsum(self.samples.astype(np.float64) ** 2)])
        centres = (np.arange(int(np.ceil(self.duration * fps))) * self.sample_rate / fps).astype(int)
        low, high = np.maximum(centres - half, 0), np.minimum(centres + half, len(self.samples))
        mean = (energy[high] - energy[low]) / np.maximum(high - low, 1)
        return (10.0 * np.log10(np.maximum(mean, 1e-10))).astype(np.float32)
