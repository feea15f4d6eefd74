# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A bowed string as a digital waveguide: its attacks, its slips and its bow changes come from friction.

Two waves run between nut and bow, and bow and bridge; where the bow is, hair and string stick or
slip (J. Smith, *Efficient simulation of the reed-bore and bow-string mechanisms*, ICMC 1986; the friction
curve is that of P. Cook and G. Scavone's *Synthesis ToolKit*, ICMC 1999).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
OVERSAMPLED: Final = 2
RUN_IN: Final = 0.05
"""Seconds that a string already sounds before a slurred note is heard."""
LONGEST: Final = 4096
"""Samples of a delay line: more than a period of any violin string."""


def bow(
    frequency: Floats, velocity: Floats, contact: Floats, slope: float, place: float, loss: float, rate: int
) -> Samples:
    """(N,) the wave that arrives at the bridge, about as large as the bow's velocity.

    Args:
        frequency: (N,) Hz.
        velocity: (N,) of the bow; usual are 0.05 to 0.3.
        contact: (N,) 1 where the bow is on the string, 0 where it has left it.
        slope: of the friction curve, 1 (pressed hard) to 5 (hardly).
        place: of the bow, part of the string from the bridge.
        loss: pole of the string's low-pass, 0.5 (bright) to 0.7 (dull).
        rate: samples a second.
    """
    from scipy.signal import resample_poly

    fast = [np.repeat(np.ascontiguousarray(a, dtype=np.float64), OVERSAMPLED) for a in (frequency, velocity, contact)]
    out = np.zeros(len(fast[0]))
    _compiled()(*fast, slope, place, loss, float(rate * OVERSAMPLED), out)
    return np.asarray(resample_poly(out, 1, OVERSAMPLED), dtype=np.float32)


@lru_cache(maxsize=1)
def _compiled() -> Any:
    from numba import njit

    return njit(_string)


def _string(
    frequency: Any, velocity: Any, contact: Any, slope: Any, place: Any, loss: Any, rate: Any, out: Any
) -> None:
    """Sample by sample; numba makes it fast."""
    neck, bridge = np.zeros(LONGEST), np.zeros(LONGEST)
    low = 0.0
    # The low-pass delays low frequencies by so many samples.
    late = loss / (1.0 - loss)
    for i in range(len(frequency)):
        period = rate / frequency[i] - late
        near = max(period * place, 1.0)
        far = max(period - near, 1.0)
        at = i - near
        k = int(np.floor(at))
        to_bridge = bridge[k % LONGEST] * (1.0 - at + k) + bridge[(k + 1) % LONGEST] * (at - k)
        at = i - far
        k = int(np.floor(at))
        to_nut = neck[k % LONGEST] * (1.0 - at + k) + neck[(k + 1) % LONGEST] * (at - k)
        low = (1.0 - loss) * 0.95 * to_bridge + loss * low
        slip = velocity[i] + low + to_nut
        grip = (abs((slip + 0.001) * slope) + 0.75) ** -4.0
        pulled = slip * min(max(grip, 0.01), 0.98) * contact[i]
        neck[i % LONGEST] = pulled - low
        bridge[i % LONGEST] = pulled - to_nut
        out[i] = to_bridge
