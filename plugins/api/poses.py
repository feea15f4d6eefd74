# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A pose to begin with: what a generator does not move is where a player has it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import numpy as np

from plugins.api import Array, violinist

FILE: Final = Path(__file__).with_name("playing_pose.json")
"""Made by scripts/make_playing_pose.py."""


def playing_pose() -> Array:
    """(J, 3) metres: where the joints of ``violinist_skeleton`` are while the middle of the bow is on the A string; the
    hips over the origin."""
    places = json.loads(FILE.read_text(encoding="utf-8"))
    return np.array([places[joint] for joint in violinist.violinist_skeleton().joints])
