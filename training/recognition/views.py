# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What the networks see of a recorded body: the paper's markers and hands, and our own movement; None where there is
no motion."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api.log_mel import FPS
from plugins.hearing import features
from training.datasets.markers import JOINTS

HANDS: Final = (("left_hand", "left_index_proximal"), ("right_hand", "right_index_proximal"))
"""Joints of each hand that clips hold; where hands were tracked the paper has 21 points of each."""

Floats = npt.NDArray[np.float32]


def seen_markers(markers: npt.NDArray[np.floating[Any]]) -> Floats | None:
    """(T, 66) of (T, 22, 3) metres: places from each marker's mean, at most 1 apart (Y.-F. Huang et al., 2024)."""
    known = np.asarray(markers, dtype=np.float32)
    if not np.isfinite(known).all():
        return None
    moved = known - known.mean(axis=0)
    return np.clip(moved.reshape(len(moved), -1) / features.WIDEST, -4.0, 4.0)


def seen_hands(joints: npt.NDArray[np.floating[Any]]) -> Floats | None:
    """(T, 7) of (T, 21, 3) metres: how much all of it moves, then speed, sideways and upward speed of each hand, as a
    camera in front sees them; metres a second."""
    names = [name for hand in HANDS for name in hand]
    places = np.asarray(joints[:, [JOINTS.index(name) for name in names]], dtype=np.float64)[..., [0, 2]]
    if not np.isfinite(places).all() or len(places) < 2:
        return None
    speed = np.gradient(places, 1.0 / FPS, axis=0)
    of_hand = speed.reshape(len(speed), len(HANDS), -1, 2).mean(axis=2)
    flow = np.linalg.norm(speed, axis=2).mean(axis=1, keepdims=True)
    each = [np.concatenate([np.linalg.norm(h, axis=1, keepdims=True), h], axis=1) for h in of_hand.transpose(1, 0, 2)]
    return np.asarray(np.clip(np.concatenate([flow, *each], axis=1), -4.0, 4.0), dtype=np.float32)


def seen_movement(joints: npt.NDArray[np.floating[Any]]) -> Floats | None:
    """(T, 73) of (T, 21, 3): ``features.movement``."""
    watched = np.asarray(joints)[:, [JOINTS.index(name) for name in features.MOVED]]
    return features.movement(watched) if np.isfinite(watched[0]).any() else None
