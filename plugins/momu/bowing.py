# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The bow's strokes where some of the bow's places are kept: between them strokes alternate as ever, and are slid until
they meet what is kept."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from plugins.api.log_mel import FPS
from plugins.api.strokes import HAIR, hair_path
from plugins.momu.body import Body
from plugins.momu.kept import Kept

Floats = npt.NDArray[np.float64]

REACH: Final = 40
"""Frames over which strokes are slid to meet what is kept."""
HELD: Final = ("violin_end", "violin_scroll", "bow_frog", "bow_tip")


def kept_hair(kept: Kept, body: Body) -> Floats:
    """(T,) metres of hair between frog and strings where violin and bow are kept, NaN elsewhere."""
    columns = [body.index(joint) for joint in HELD]
    known = (kept.weight[:, columns] >= 1.0).all(axis=1)
    found = np.full(len(known), np.nan)
    if known.any():
        found[known] = np.clip(body.hair(np.nan_to_num(kept.places[known])), *HAIR)
    return found


def strokes_through(fixed: Floats, turns: list[int], speed: Floats, wish: Floats) -> Floats:
    """(T,) metres of hair.

    Args:
        fixed: (T,) where the hair must be, NaN where it may be anywhere.
        turns: frames at which the bow turns; speed: (T,) metres a second; wish: (T,) where the network has the hair.
    """
    known = np.flatnonzero(np.isfinite(fixed))
    if not len(known):
        return hair_path(turns, speed, wish, FPS, np.inf)
    out = np.where(np.isfinite(fixed), fixed, 0.0)
    borders = [-1, *known, len(fixed)]
    for before, after in pairwise(borders):
        if after - before > 1:
            gap = slice(max(before, 0), min(after + 1, len(fixed)))
            inside = [t - gap.start for t in turns if gap.start < t < gap.stop - 1]
            ends = (fixed[before] if before >= 0 else np.nan, fixed[after] if after < len(fixed) else np.nan)
            path = _met(hair_path(inside, speed[gap], _wished(wish[gap], ends), FPS, np.inf), ends)
            out[gap] = np.where(np.isfinite(fixed[gap]), fixed[gap], path)
    return out


def _wished(wish: Floats, ends: tuple[float, float]) -> Floats:
    out = wish.copy()
    for at, end in zip((0, -1), ends, strict=True):
        if np.isfinite(end):
            out[at] = end
    return out


def _met(path: Floats, ends: tuple[float, float]) -> Floats:
    """A path slid near its ends until it meets them."""
    at = np.arange(len(path))
    reach = min(REACH, max(1, len(path) - 1))
    out = path.copy()
    for end, away, last in ((ends[0], at, 0), (ends[1], at[::-1], -1)):
        if np.isfinite(end):
            part = np.clip(1.0 - away / reach, 0.0, 1.0)
            out += (end - path[last]) * part * part * (3.0 - 2.0 * part)
    return np.clip(out, *HAIR)
