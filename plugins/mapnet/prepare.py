# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""From what was seen to what our network looks at: exchanged joints put back, jitter measured, all smoothed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api.playing_joints import Floats
from plugins.mapnet.bowed import ARM, SPANS, laid
from plugins.mapnet.config import FPS, JOINT_COUNT, OUR_POSE
from plugins.mapnet.smoother import Habit, Seen, smooth

FARTHEST: Final = 4.0
"""Deviations by which a look may lie off before it counts no more."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """What the smoother says, in the performer's own frame.

    Attributes:
        places: (T, 13, 3) metres.
        deviations: (T, 13) metres of an axis.
        looks: (T, OUR_POSE) what the network looks at.
    """

    places: Floats
    deviations: Floats
    looks: npt.NDArray[np.float32]


def prepared(seen: Seen, middle: Floats, unsure: Floats, sigma: Floats, habit: Habit, path: Floats) -> Prepared:
    """Smooth what was seen of 13 joints (or of a batch of B windows: N = 13 B) and lay it out for the network.

    Args:
        middle, unsure: (N, 3) around which the joints move, and (N,) the deviation of that (``middle``).
        path: (T, B) of the bow, as it was heard; 0 without sound.

    Returns:
        One Prepared of (T, N, ...); ``looks`` of a batch are (T, B, OUR_POSE).
    """
    places, deviations = smooth(seen, middle, sigma, habit, FPS)
    return Prepared(places, deviations, looks_of(seen, middle, unsure, sigma, places, deviations, path))


def looks_of(
    seen: Seen, middle: Floats, unsure: Floats, sigma: Floats, places: Floats, deviations: Floats, path: Floats
) -> Any:
    """(T, OUR_POSE), or (T, B, OUR_POSE), float32."""
    there = seen.count > 0
    off = (seen.places - places) / np.sqrt(sigma**2 + 1e-6)[None, :, None]
    off = np.where(there[..., None], np.clip(off, -FARTHEST, FARTHEST), 0.0)
    sure = np.log10(deviations) + 2.0  # 10 mm is 0
    frames, count = there.shape
    batch = count // JOINT_COUNT

    def flat(x: Any) -> Any:
        return x.reshape(frames, batch, -1)

    parts = [
        flat(4.0 * (places - middle)),  # a quarter of a metre is much
        flat(sure),
        flat(off),
        flat(there),
        np.broadcast_to(middle.reshape(1, batch, -1), (frames, batch, 3 * JOINT_COUNT)),
        np.broadcast_to(np.log10(unsure.reshape(1, batch, -1)) + 2.0, (frames, batch, JOINT_COUNT)),
        _by_ear(seen, places, path),
    ]
    looks = np.concatenate(parts, axis=-1).astype(np.float32)
    assert looks.shape[-1] == OUR_POSE
    return looks[:, 0] if batch == 1 else looks


def _by_ear(seen: Seen, places: Floats, path: Floats) -> Floats:
    """(T, B, 12) how far the right elbow and wrist lie from the smoother's places by what was heard of the bow."""
    frames, batch = path.shape
    at = (np.arange(batch)[:, None] * JOINT_COUNT + np.array(ARM)).ravel()
    arm = Seen(seen.places[:, at], seen.count[:, at], seen.late[:, at])
    paths = np.repeat(path, len(ARM), axis=1)
    off = [4.0 * (laid(arm, paths, span) - places[:, at]) for span in SPANS]
    return np.stack(off, axis=2).reshape(frames, batch, -1)
