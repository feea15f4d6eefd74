# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion that was seen on the very character that is to perform it: poses that are kept stay as they were seen, to the
last digit, and contact gives way to them and takes over again. No bpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from ..core import rotations as rot
from ..core.rotations import Array
from .contact import Contact
from .instrument import Held
from .retarget import Retargeted, Source

EASE: Final = 0.25
"""Seconds over which contact gives way to a frame that is kept."""


@dataclass(frozen=True, eq=False)
class SeenHere:
    """What is known of such a motion.

    Attributes:
        size: of the character's violin, in the rig's units.
        kept: (T,) 0 to 1, how much of each frame is as it was seen.
    """

    size: float
    kept: Array = field(repr=False)


def near_to(times: Array, kept: Sequence[float]) -> Array:
    """(T,) 1 at the frames nearest to kept seconds, less and less beside them."""
    if not len(kept):
        return np.zeros(len(times))
    at = np.unique(times[np.abs(times[:, None] - np.asarray(kept)[None]).argmin(axis=0)])
    after = at[np.minimum(np.searchsorted(at, times), len(at) - 1)]
    before = at[np.maximum(np.searchsorted(at, times, side="right") - 1, 0)]
    away = np.minimum(np.abs(times - before), np.abs(times - after))
    return np.asarray(0.5 + 0.5 * np.cos(np.pi * np.minimum(away / EASE, 1.0)))


def given_way(contact: Contact, source: Source, held: Held | None, result: Retargeted, kept: Array) -> Contact:
    """Contact as far as nothing is kept; what is kept is the performance without it.

    Args:
        kept: (T,) 0 to 1.
    """
    rotations = rot.slerp(contact.retargeted.rotations, result.rotations, kept[:, None])
    solved = replace(contact, retargeted=replace(contact.retargeted, rotations=rotations))
    if held is None or contact.violin is None or contact.bow is None:
        return solved
    if contact.violin_turn is None or contact.bow_turn is None:
        return solved
    hips, share = source.position("hips"), kept[:, None]
    violin, bow = (result.hips + result.ratio * (place - hips) for place in (held.violin, held.bow))
    return replace(
        solved,
        violin=contact.violin + share * (violin - contact.violin),
        violin_turn=rot.slerp(contact.violin_turn, held.violin_turn, kept),
        bow=contact.bow + share * (bow - contact.bow),
        bow_turn=rot.slerp(contact.bow_turn, held.bow_turn, kept),
    )
