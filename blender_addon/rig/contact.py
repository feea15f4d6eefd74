# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Contact on the target's own proportions: feet on the floor, violin at the neck, bow on the
string, fingertips on their stops or keys. No bpy.

The instrument, bow included, is the source's, made larger or smaller to suit the arms
(:mod:`.instrument`), so that whatever touches in the source touches here; then legs, arms and
fingers are solved again for where feet, hands and fingertips must be. An arm that cannot
reach goes as far as it goes, and the error says by how much.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

import numpy as np

from ..core import rotations as rot
from ..core.rotations import Array
from .body import Body
from .instrument import Instrument
from .joints import SIDES
from .keyboard import Piano
from .limbs import Limbs, curl, joints_of, reach_for
from .retarget import Retargeted, Source

ROUNDS: Final = 3
"""How often the left hand is moved to bring the fingertips nearer to their stops."""
MOVES: Final = 6
EAGER: Final = 2.0
"""How often a hand is moved to bring the fingertips nearer to their keys, and how far against what they lack."""
ON_KEY: Final = 0.75
"""How much a fingertip counts (``Piano.counts``) that is judged by how near it comes to its key."""
STEADY: Final = 0.9
"""Mean of the hips' headings as unit vectors: above it, the performer stays where it looks."""


@dataclass(frozen=True, eq=False)
class Contact:
    """A performance with everything in touch.

    Attributes:
        retargeted: the performance with legs, arms and fingers solved again.
        violin, bow: (T, 3) places in the body's space, None without an instrument.
        violin_turn, bow_turn: (T, 4).
        scale: size of instrument and bow, with the source's as 1 (times the units of the rig).
        errors: what touches -> (T,) or (T, N) distances from where it should be. For the bow and
            the fingertips in metres on a full-size violin (or piano), for the feet in metres of the source.
    """

    retargeted: Retargeted
    violin: Array | None = field(default=None, repr=False)
    violin_turn: Array | None = field(default=None, repr=False)
    bow: Array | None = field(default=None, repr=False)
    bow_turn: Array | None = field(default=None, repr=False)
    scale: float = 1.0
    errors: dict[str, Array] = field(default_factory=dict, repr=False)


def touch(source: Source, result: Retargeted, instrument: Instrument | None = None) -> Contact:
    """Solve the limbs again: legs always, arms and left fingers when there is an instrument.

    Args:
        source: the performance as it was.
        result: the same, retargeted.
        instrument: placed on the target's body (:func:`.instrument.fit`).
    """
    limbs = Limbs(result)
    errors = {"feet": _plant(source, limbs, result.ratio)}
    if instrument is None:
        return Contact(replace(result, rotations=limbs.rotations), errors=errors)
    fell_short = _hold_bow(limbs, instrument)
    errors["bow"] = np.linalg.norm(fell_short, axis=-1) / instrument.scale
    what, away = _stop_strings(source, limbs, instrument)
    errors[what] = away / instrument.scale
    return Contact(
        replace(result, rotations=limbs.rotations),
        violin=instrument.violin,
        violin_turn=instrument.violin_turn,
        bow=instrument.bow + fell_short,
        bow_turn=instrument.bow_turn,
        scale=instrument.scale,
        errors=errors,
    )


def touch_keys(source: Source, result: Retargeted, piano: Piano) -> Contact:
    """Solve the limbs of who sits at a piano: legs with the right foot on its pedal, arms, all fingers."""
    limbs = Limbs(result)
    pedal = {} if piano.right_foot is None or _too_far(limbs, piano.right_foot) else {"right": piano.right_foot}
    errors = {"feet": _plant(source, limbs, result.ratio, pedal)}
    errors["keys"] = np.concatenate([_press(source, limbs, piano, side) for side in SIDES]) / piano.stand.scale
    return Contact(replace(result, rotations=limbs.rotations), scale=piano.stand.scale, errors=errors)


def _too_far(limbs: Limbs, ankle: Array) -> bool:
    """Whether the right leg is too short for its pedal most of the time: then the foot stays where feet do."""
    leg = ("right_upper_leg", "right_lower_leg", "right_foot")
    if not all(joint in limbs.body for joint in leg):
        return True
    away = np.linalg.norm(ankle - limbs.at(leg[0]), axis=-1)
    return bool(np.median(away) > limbs.body.length(leg))


def _press(source: Source, limbs: Limbs, piano: Piano, side: str) -> Array:
    """A hand and its fingers on the keys; distances of the fingertips that are on one from where they belong, none
    without fingers."""
    wrist = piano.wrists[side]
    fingers = [f for f in piano.tips if f[0] == side and joints_of(limbs.body, *f)]
    if not fingers:
        reach_for(limbs, side, wrist)
        return np.zeros(0)
    counts = np.stack([piano.counts[f] for f in fingers], axis=1)
    for _ in range(MOVES):
        reach_for(limbs, side, wrist)
        away = np.stack([curl(source, limbs, *f, piano.tips[f]) for f in fingers], axis=1)
        # Fingers that reach bend or stretch a little more: one that does not is worth more than its share.
        wrist = wrist + EAGER * (counts[..., None] * away).sum(axis=1) / counts.sum(axis=1, keepdims=True)
    return np.asarray(np.linalg.norm(away, axis=-1)[counts >= ON_KEY])


def _plant(source: Source, limbs: Limbs, ratio: float, elsewhere: Mapping[str, Array] = MappingProxyType({})) -> Array:
    """Legs that take the feet where the source's stood, scaled, or elsewhere (side -> (T, 3) of the ankle);
    (T, feet) how far short they fall."""
    errors = []
    for side in SIDES:
        chain = (f"{side}_upper_leg", f"{side}_lower_leg", f"{side}_foot")
        if not all(joint in limbs.body and joint in source.body for joint in chain):
            continue
        target = elsewhere[side] if side in elsewhere else _foothold(source, limbs.body, side, ratio)
        forward = rot.rotate(limbs.turn(chain[2]), np.array([0.0, -0.001, 0.0])) * limbs.length(*chain[:2])
        errors.append(limbs.bend(chain, target, forward) / ratio)
        limbs.settle(chain[2])
    return np.stack(errors, axis=-1) if errors else np.zeros((len(limbs.positions), 0))


def _foothold(source: Source, body: Body, side: str, ratio: float) -> Array:
    """(T, 3) where an ankle belongs: the source's, scaled about where the body stands, on the body's own
    height of ankle and as far apart as its hips are."""
    foot, hip = f"{side}_foot", f"{side}_upper_leg"
    target = body.at("hips") + ratio * (source.position(foot) - source.body.at("hips"))
    target[:, 2] = body.at(foot)[2] + ratio * (source.position(foot)[:, 2] - source.body.at(foot)[2])
    wider = (body.at(hip) - body.at("hips")) - ratio * (source.body.at(hip) - source.body.at("hips"))
    heading = rot.rotate(source.rotation("hips"), np.array([1.0, 0.0, 0.0])).mean(axis=0) * [1.0, 1.0, 0.0]
    if np.linalg.norm(heading) > STEADY:
        target += heading / np.linalg.norm(heading) * wider[0]
    return np.asarray(target)


def _hold_bow(limbs: Limbs, instrument: Instrument) -> Array:
    """The right hand on the bow; (T, 3) from where the hand should be to where it is."""
    reach_for(limbs, "right", instrument.right_wrist)
    return limbs.at("right_hand") - instrument.right_wrist


def _stop_strings(source: Source, limbs: Limbs, instrument: Instrument) -> tuple[str, Array]:
    """The left hand and its fingers on the strings; "fingertips" and (T, fingers) from them to where they belong, or,
    without fingers, "left_hand" and (T,) from it."""
    wrist = instrument.left_wrist
    fingers = [f for f in instrument.tips if joints_of(limbs.body, "left", f)]
    for _ in range(ROUNDS if fingers else 1):
        short = reach_for(limbs, "left", wrist)
        if not fingers:
            return "left_hand", short
        away = np.stack([curl(source, limbs, "left", f, instrument.tips[f]) for f in fingers], axis=1)
        wrist = wrist + away.mean(axis=1)
    return "fingertips", np.asarray(np.linalg.norm(away, axis=-1))
