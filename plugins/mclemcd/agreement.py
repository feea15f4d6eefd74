# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""How two curves agree when one is moved along the other, at all places at once."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.mclemcd.rhythm import Floats

OVERLAP: Final = 0.5
"""Of the shorter of motion and track, that must overlap."""
FAINTEST: Final = 0.03
"""Deviation of a correlation that is taken where it is smaller: of signals without a rhythm, over a minute."""


class Moved:
    """A curve that others are moved along; it remembers its sums and spectra."""

    def __init__(self, curve: npt.NDArray[Any]) -> None:
        self.curve = np.asarray(curve, dtype=np.float32)
        self.squares = np.concatenate([[0.0], np.cumsum(self.curve.astype(np.float64) ** 2)])
        self._spectra: dict[int, Any] = {}

    def __len__(self) -> int:
        return len(self.curve)

    def spectrum(self, points: int) -> Any:
        from scipy.fft import rfft

        if points not in self._spectra:
            self._spectra[points] = rfft(self.curve, points)
        return self._spectra[points]

    def along(self, other: Moved) -> tuple[int, Floats]:
        """Correlation with another curve that begins at the frame that is answered, the next, and so on, wherever
        enough of them overlaps; in deviations, so that 0 is chance whatever the overlap."""
        from scipy.fft import irfft

        points = 1 << int(np.ceil(np.log2(len(self) + len(other))))
        product = irfft(self.spectrum(points) * np.conj(other.spectrum(points)), points)
        shortest = min(len(self), len(other))
        least = int(np.ceil(OVERLAP * shortest))
        first, last = least - len(other), len(self) - least
        begins = np.arange(first, last + 1)
        low, high = np.maximum(begins, 0), np.minimum(begins + len(other), len(self))
        scale = (self.squares[high] - self.squares[low]) * (other.squares[high - begins] - other.squares[low - begins])
        whole = max(float(self.squares[-1] * other.squares[-1]), 1e-12)
        found = product[begins] / np.sqrt(np.maximum(scale, 1e-6 * whole) * (shortest / (high - low)))
        usual = np.sqrt(max(float(np.dot(found, found)) / len(found) - float(found.mean()) ** 2, 0.0))
        return first, np.asarray(found / max(usual, FAINTEST))
