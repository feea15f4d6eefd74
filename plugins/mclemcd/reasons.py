# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Why a track was chosen, in words and figures for the animator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.mclemcd.listening import CLOCK, SLOW, beat_heard
from plugins.mclemcd.matching import Place
from plugins.mclemcd.movement import Movement
from plugins.mclemcd.rhythm import Floats

TOGETHER: Final = 0.1
"""Seconds within which a beat and an accent fall together (a frame's length in a motion of few frames)."""
NOTICED: Final = 1.0
"""Seconds of silence at the end that are told."""
AS_FAST: Final = 0.005
"""Change of tempo that nobody hears."""


def reason(movement: Movement, kept: Mapping[str, npt.NDArray[Any]], place: Place, style: float | None = None) -> str:
    """One sentence.

    Args:
        style: how near the style is, in deviations among the tracks; None when nobody looked.
    """
    beats = kept["beats"].astype(np.float64) if beat_heard(kept) else np.empty(0)
    parts = [_tempo(kept["tempo"]) if len(beats) else "no beat is heard", _speed(place.ratio)]
    share, chance = together(movement, beats, place)
    if share is not None:
        parts.append(f"beats fall together {100 * share:.0f} % of the time (by chance {100 * chance:.0f} %)")
    level = agreement(movement, kept["energy"].astype(np.float64), place)
    if level is not None:
        parts.append(f"liveliness goes with loudness by {level:+.2f}")
    if (short := _ends_early(movement, kept, place)) > NOTICED:
        parts.append(f"it ends {short:.0f} s before the motion")
    if style is not None:
        parts.append(f"style nearer than {100 * _below(style):.0f} % of the tracks")
    return ", ".join(parts)


def together(movement: Movement, beats: Floats, place: Place) -> tuple[float | None, float]:
    """Part of the motion's accents, where there is music, that fall on a beat; and the part that would by chance.
    None when there are fewer than three."""
    times = place.offset + place.ratio * movement.accent_times
    if len(beats) < 2:
        return None, 0.0
    times = times[(times >= beats[0] - 0.5) & (times <= beats[-1] + 0.5)]
    if len(times) < 3:
        return None, 0.0
    near = place.ratio * max(TOGETHER, 0.5 / movement.fps)
    after = np.clip(np.searchsorted(beats, times), 1, len(beats) - 1)
    apart = np.minimum(np.abs(times - beats[after - 1]), np.abs(times - beats[after]))
    return float((apart <= near).mean()), min(1.0, float(2.0 * near / np.median(np.diff(beats))))


def agreement(movement: Movement, energy: Floats, place: Place) -> float | None:
    """Correlation, -1 to 1, of the motion's liveliness with the track's loudness where they overlap; None when that is
    less than eight seconds, or one of them does not change."""
    at = (place.offset + place.ratio * np.arange(len(movement.energy)) / SLOW) * SLOW
    inside = (at >= 0) & (at <= len(energy) - 1)
    if inside.sum() < 8 * SLOW:
        return None
    heard, seen = np.interp(at[inside], np.arange(len(energy)), energy), movement.energy[inside]
    if heard.std() < 1e-6 or seen.std() < 1e-6:
        return None
    return float(np.corrcoef(heard, seen)[0, 1])


def _ends_early(movement: Movement, kept: Mapping[str, npt.NDArray[Any]], place: Place) -> float:
    """Seconds of the motion that are left when the track is over."""
    left = (len(kept["accents"]) / CLOCK - place.offset) / place.ratio
    return len(movement.accents) / CLOCK - left


def _tempo(tempo: npt.NDArray[Any]) -> str:
    rate, _, three = (float(x) for x in tempo[0])
    return f"{60 * rate:.0f} beats a minute" + (" in three" if three > 0.5 else "")


def _speed(ratio: float) -> str:
    return "at its own speed" if abs(ratio - 1.0) < AS_FAST else f"played {ratio:.2f} times as fast"


def _below(deviations: float) -> float:
    """Part of a normal distribution that is farther."""
    from math import erf, sqrt

    return 0.5 * (1.0 + erf(deviations / sqrt(2.0)))
