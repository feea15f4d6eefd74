# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""For tests of geometry: numbers, vectors and rotations to try, and the angle between two rotations."""

from __future__ import annotations

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from blender_addon.core import rotations as rot

settings.register_profile("cadenza", max_examples=60, deadline=None, database=None)
settings.load_profile("cadenza")

NUMBERS = st.floats(-10.0, 10.0, width=32)
VECTORS = arrays(np.float64, 3, elements=NUMBERS)
DIRECTIONS = VECTORS.filter(lambda v: np.linalg.norm(v) > 1e-2).map(rot.normalize)
QUATERNIONS = arrays(np.float64, 4, elements=NUMBERS).filter(lambda q: np.linalg.norm(q) > 1e-2).map(rot.normalize)
UNIT = st.floats(0.0, 1.0)
X, Y, Z = np.eye(3)


def angle(a: rot.Array, b: rot.Array) -> float:
    """Angle between two rotations, radians."""
    return float(np.linalg.norm(rot.rotation_vector(rot.multiply(a, rot.conjugate(b)))))
