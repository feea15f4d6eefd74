# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Where the right arm is by what was heard of the bow: the path that is heard, laid onto what was seen around it.

The sound says when the bow turns and how far it goes, not which way, nor where the hand is; what was seen says that,
with jitter, which a straight line through a few seconds of it averages out.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from plugins.api.playing_joints import Floats
from plugins.mapnet.config import FPS
from plugins.mapnet.smoother import Seen

ARM: Final = (3, 5)
"""Right elbow and wrist."""
SPANS: Final = (0.7, 2.5)
"""Seconds (standard deviation) around a frame that the line is laid through."""
STILL: Final = 0.08
"""Half bows that the path must move for a line to mean anything."""


def laid(seen: Seen, path: Floats, span: float) -> Floats:
    """(T, N, 3) metres where joints are by a path (T, N) that was heard, through what was seen within about ``span``
    seconds."""
    from scipy.ndimage import gaussian_filter1d

    def around(values: Floats) -> Floats:
        return np.asarray(gaussian_filter1d(values, span * FPS, axis=0, mode="constant", truncate=3.0))

    weight = np.minimum(seen.count, 4.0)
    total = around(weight) + 1e-6
    middle = around(weight * path) / total
    spread = around(weight * path**2) / total - middle**2
    places = weight[..., None] * seen.places
    mean = around(places) / total[..., None]
    together = around(places * path[..., None]) / total[..., None] - mean * middle[..., None]
    slope = together / (np.maximum(spread, 0.0) + STILL**2)[..., None]
    return np.asarray(mean + slope * (path - middle)[..., None])
