# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A performance generated again in a range, or in one part of the body, put into the one before. No bpy.

Arms and bow are blended as the violin sees them, so that the bow stays on the string and the
fingers on their stops while the body is another's; contact then solves the limbs for both.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from ..core import rotations as rot
from ..core.motion import Motion
from ..core.rotations import Array
from .bone_channels import part_of
from .instrument import Held
from .keyboard import AtPiano
from .retarget import Source
from .splice import smoothstep

Played = Held | AtPiano | None
"""What a motion plays on."""


@dataclass(frozen=True, eq=False)
class Layer:
    """A performance that replaces another's part or range.

    Attributes:
        motion: the newer performance; it may cover more or less than the range.
        part: of the body (``channels.PARTS``), None for all of it.
        begin, end: times in the recording between which it is new, seconds.
        fade: seconds over which it becomes new, inside of that.
    """

    motion: Motion = field(repr=False)
    part: str | None = None
    begin: float = -np.inf
    end: float = np.inf
    fade: float = 0.0


def aligned(base: Motion, layer: Layer) -> tuple[Motion, Array]:
    """The layer's motion on the frames of the base, and (T,) how new each frame is."""
    motion = layer.motion.resample(base.fps)
    at = np.rint((base.times - motion.start) * motion.fps).astype(int)
    known = (at >= 0) & (at < len(motion))
    at = np.clip(at, 0, len(motion) - 1)
    local = None if motion.rotations is None else motion.rotations[at]
    new = replace(motion, positions=motion.positions[at], rotations=local, start=base.start)
    ramp = max(layer.fade, 1e-9)
    ones = np.ones(len(base))
    # At the very beginning and end of a take there is nothing to fade from.
    rise = ones if layer.begin <= base.times[0] else np.clip((base.times - layer.begin) / ramp, 0.0, 1.0)
    fall = ones if layer.end >= base.times[-1] else np.clip((layer.end - base.times) / ramp, 0.0, 1.0)
    share = np.minimum(rise, fall)
    return new, np.where(known, smoothstep(share), 0.0)


def merge(
    old: tuple[Source, Played], new: tuple[Source, Played], weight: Array, part: str | None
) -> tuple[Source, Played]:
    """Blend two performances of the same body, frame by frame.

    Args:
        weight: (T,) 1 where it is to be new.
        part: what is to be new, None for everything.
    """
    (a, held_a), (b, held_b) = old, new
    names = a.body.skeleton.joints
    share = np.stack([_share(part_of(joint), weight, part) for joint in names], axis=1)
    torso = _share("torso", weight, part)
    if not isinstance(held_a, Held) or not isinstance(held_b, Held):
        blended = Source(a.body, *_blend((a.positions, a.rotations), (b.positions, b.rotations), share))
        return blended, _keys(held_a, held_b, weight) if part is None else held_a
    place, turn = _blend((held_a.violin, held_a.violin_turn), (held_b.violin, held_b.violin_turn), torso)
    seen = [_seen(s.positions, s.rotations, h) for s, h in ((a, held_a), (b, held_b))]
    arms = np.array([part_of(joint) in ("bow_arm", "left_hand") for joint in names])
    positions, rotations = _blend((a.positions, a.rotations), (b.positions, b.rotations), share)
    positions[:, arms], rotations[:, arms] = _back(*_blend(seen[0], seen[1], share), place, turn, arms)
    bows = [_seen(h.bow[:, None], h.bow_turn[:, None], h) for h in (held_a, held_b)]
    bow, bow_turn = _back(*_blend(bows[0], bows[1], _share("bow_arm", weight, part)[:, None]), place, turn)
    return Source(a.body, positions, rotations), Held(place, turn, bow[:, 0], bow_turn[:, 0])


def _keys(old: Played, new: Played, weight: Array) -> Played:
    """The piano of which the keys go down as the newer performance presses them, where it is new."""
    if not isinstance(old, AtPiano) or not isinstance(new, AtPiano):
        return None
    column = weight[:, None]
    return replace(
        old,
        depths=old.depths + (new.depths - old.depths) * column,
        pedal=old.pedal + (new.pedal - old.pedal) * column,
    )


def parts_touched(part: str | None) -> tuple[str, ...] | None:
    """The parts whose keys change when one part is new: what hangs on it moves with it. None for all."""
    if part in (None, "torso"):
        return None
    return ("bow_arm", "props") if part == "bow_arm" else (str(part),)


def _share(of: str, weight: Array, part: str | None) -> Array:
    return weight if part in (None, of) else np.zeros_like(weight)


def _blend(old: tuple[Array, Array], new: tuple[Array, Array], share: Array) -> tuple[Array, Array]:
    """Places (..., 3) and turns (..., 4) between two poses."""
    places = old[0] + (new[0] - old[0]) * share[..., None]
    return places, rot.slerp(old[1], new[1], share)


def _seen(places: Array, turns: Array, held: Held) -> tuple[Array, Array]:
    """Places (T, J, 3) and turns (T, J, 4) in the violin's frame."""
    back = rot.conjugate(held.violin_turn)[:, None]
    return rot.rotate(back, places - held.violin[:, None]), rot.multiply(back, turns)


def _back(
    places: Array, turns: Array, violin: Array, turn: Array, which: Array | slice = slice(None)
) -> tuple[Array, Array]:
    """Out of the violin's frame again."""
    turn = turn[:, None]
    return violin[:, None] + rot.rotate(turn, places[:, which]), rot.multiply(turn, turns[:, which])
