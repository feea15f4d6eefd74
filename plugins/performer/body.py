# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The standing body that carries the violin: sway, pulse, weight, breath, head, and the violin's place.

Sway follows the phrase and the loudness; its size is of the order measured in violinists
(tens of millimetres of the head, faster with the music's accents: J. Davidson, *Visual
perception of performance manner*, 1993). On it lies what beats and bars ask for (:mod:`.pulse`),
and the chest turns a little with the bow arm, as it helps bowing (cellists: J. Roze et al.,
*Scientific Reports* 10, 2020). The violin's place, the head's angles and the sizes of the
movements were set by eye on the default musician.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from plugins.api import Array, Skeleton, violin
from plugins.api import rotations as rot
from plugins.performer.curves import Floats, ease, slow_noise
from plugins.performer.music import Chord
from plugins.performer.pulse import Share, answers, pulse_of
from plugins.performer.swing import Beats

VIOLIN_AT: Final = np.array([0.048, -0.074, 0.182])
"""Violin's end button from the upper chest, metres: against the neck, above the left collar bone."""
VIOLIN_YAW: Final = np.radians(32.0)
VIOLIN_PITCH: Final = np.radians(6.0)
VIOLIN_ROLL: Final = np.radians(26.0)
"""Scroll to the left of straight ahead, scroll up, and the E side lowered to the bow."""
HEAD_TURN: Final = np.radians(45.0)
HEAD_TILT: Final = np.radians(17.0)
HEAD_NOD: Final = np.radians(13.0)
"""Left, to the left shoulder, and down: the chin on its rest."""
STANCE: Final = 0.115
"""Metres from the middle to each ankle (feet at shoulder width)."""
FOOT_TURN: Final = np.radians(14.0)
HIP_DROP: Final = 0.012
"""Metres that the hips hang below the rest pose: knees never locked."""
PHRASE_REST: Final = 0.30
"""A silence longer than this begins a new phrase."""
BREATH: Final = 0.9
"""Seconds that breathing in takes before a phrase."""
SHARES: Final = {
    "hips": Share(yaw=0.012, lead=0.12),
    "spine": Share(nod=0.006, tilt=0.013, yaw=0.010, lead=0.06),
    "chest": Share(nod=0.007, tilt=0.013, yaw=0.013, arm=-0.014),
    "upper_chest": Share(nod=0.007, tilt=0.008, arm=-0.014),
    "neck": Share(arm=0.008),
    "head": Share(nod=0.024, tilt=-0.012, arm=0.012, lead=-0.08),
}
"""How joints answer the pulse: the hips are first; the head is last, stays more upright, and looks at the strings."""
SHIFT: Final = 0.018
"""Metres that the hips swing to a side, and"""
HIGHEST, LEG, ASTRIDE = 0.005, 0.85, 0.025
"""Metres below the rest pose that lifts bring the hips at most; length of a leg; how far beside its hip a foot is."""
DIP: Final = 0.008
"""that the knees give on a downbeat."""
ARM: Final = (0.4, 0.30)
"""Seconds over which the chest follows the bow arm, and metres of hair from its middle that turn it most."""

_X, _Y, _Z = np.eye(3)


@dataclass(frozen=True)
class Amounts:
    """How much of each movement: 1 is natural, 0 none."""

    sway: float = 1.0
    weight: float = 1.0
    head: float = 1.0
    breathing: float = 1.0
    noise: float = 1.0
    pulse: float = 1.0


@dataclass(frozen=True, eq=False)
class Trunk:
    """The hips' place and local rotations of the trunk (by joint)."""

    hips: Array = field(repr=False)
    rotations: dict[str, Array] = field(repr=False)


@dataclass(frozen=True, eq=False)
class BodyPose(Trunk):
    """The trunk, the violin's place in the chest's frame, and ankle and toes of each foot, (3,) or (T, 3)."""

    violin_at: Array = field(repr=False)
    violin_rotation: Array = field(repr=False)
    feet: Mapping[str, tuple[Array, Array]] = field(repr=False)


def body_pose(
    times: Floats,
    chords: Sequence[Chord],
    skeleton: Skeleton,
    amount: Amounts,
    rng: np.random.Generator,
    beats: Beats = (),
    hair: Floats | None = None,
) -> BodyPose:
    """The trunk at ``times``; ``hair`` (T,) is where the bow is, metres from the frog."""
    wave, energy = phrase_wave(times, chords)
    # Louder music moves the body more, and its small unrest with it.
    life = 0.45 + 0.75 * energy
    noise = slow_noise(times, rng, 9) * (amount.noise * life)[:, None]
    breath = breath_of(times, chords) * amount.breathing
    size = amount.sway * life
    side = 0.65 * noise[:, 0] + 0.8 * size * wave
    fore = 0.6 * noise[:, 1] + 0.5 * size * energy
    turn = 0.7 * noise[:, 2] + 0.5 * size * wave
    weight = amount.weight * life * wave + 0.65 * noise[:, 8]
    pulse = pulse_of(beats, chords, phrases(chords), rng)
    beating = amount.pulse * life
    swing, give = beating * pulse.swing(times + SHARES["hips"].lead), beating * pulse.give(times)
    aside = 0.022 * weight + SHIFT * swing
    height = _dipping(-HIP_DROP - 0.004 * np.abs(weight) + 0.004 * breath, DIP * give, aside)
    hips = skeleton.rest_positions[skeleton.index("hips")] + np.stack([aside, 0.010 * noise[:, 3], height], axis=-1)
    angles: dict[str, tuple[Floats | float, Floats | float, Floats | float]] = {
        "hips": (0.0, 0.010 * side, 0.020 * turn),
        "spine": (0.018 * fore - 0.010 * breath, 0.016 * side, 0.014 * turn),
        "chest": (0.016 * fore - 0.014 * breath, 0.016 * side, 0.016 * turn),
        "upper_chest": (0.010 * fore - 0.018 * breath, 0.010 * side, 0.014 * turn),
        "neck": (0.35 * HEAD_NOD + 0.02 * fore, 0.4 * HEAD_TILT, 0.4 * HEAD_TURN),
        "head": (
            0.65 * HEAD_NOD + 0.018 * noise[:, 4] + 0.025 * amount.head * life * energy,
            0.6 * HEAD_TILT + 0.014 * noise[:, 5] - 0.014 * amount.head * life * wave,
            0.6 * HEAD_TURN + 0.018 * noise[:, 6] + 0.012 * amount.head * life * wave,
        ),
    }
    more = answers(pulse, times, beating, give, SHARES, amount.pulse * arm_of(times, hair))
    rotations = {joint: turns(*(a + b for a, b in zip(angles[joint], more[joint], strict=True))) for joint in angles}
    pitch = VIOLIN_PITCH + 0.020 * noise[:, 7] + 0.035 * breath + 0.015 * size * wave - 0.020 * give
    violin_rotation = _violin_turn(VIOLIN_YAW + 0.012 * turn, pitch)
    at = np.broadcast_to(VIOLIN_AT, (len(times), 3))
    return BodyPose(hips, rotations, at, violin_rotation, _feet(skeleton))


def _dipping(height: Floats, dip: Floats, aside: Floats) -> Floats:
    """(T,) metres of the hips above the rest pose, less the dip. Knees must not lock, least of all over a foot that is
    far away: a lift (a dip below 0) ends where they would."""
    highest = -HIGHEST - np.square(np.abs(aside) + ASTRIDE) / (2.0 * LEG)
    return np.asarray(height - np.maximum(dip, np.minimum(height - highest, 0.0)))


def arm_of(times: Floats, hair: Floats | None) -> Floats:
    """(T,) how far the bow arm is out, unhurried: -1 at the frog, 1 at the tip."""
    if hair is None or len(times) < 2:
        return np.zeros(len(times))
    from scipy.ndimage import gaussian_filter1d

    slow, most = ARM
    smooth = gaussian_filter1d(hair, slow / 2 / (times[1] - times[0]), mode="nearest")
    return np.asarray(np.tanh((smooth - violin.HAIR_LENGTH / 2) / most * 2.0))


def turns(nod: Floats | float = 0.0, tilt: Floats | float = 0.0, yaw: Floats | float = 0.0) -> Array:
    """Yaw to the left, then tilt to the left, then nod forward (radians)."""
    nod, tilt, yaw = np.broadcast_arrays(nod, tilt, yaw)
    left = rot.from_axis_angle(_Z, yaw)
    lean = rot.from_axis_angle(_Y, tilt)
    bow = rot.from_axis_angle(_X, nod)
    return rot.multiply(left, rot.multiply(lean, bow))


def _violin_turn(yaw: Floats, pitch: Floats) -> Array:
    """Rotation of the violin in the chest's frame. Its scroll points along its own -Y."""
    roll = rot.from_axis_angle(_Y, np.full(len(yaw), -VIOLIN_ROLL))
    lift = rot.from_axis_angle(_X, -pitch)
    return rot.multiply(rot.from_axis_angle(_Z, yaw), rot.multiply(lift, roll))


def phrases(chords: Sequence[Chord]) -> list[tuple[float, float]]:
    """Start and end of each phrase: ended by a mark, by a rest, or after about eight seconds at a long note."""
    spans, start = [], chords[0].start
    for chord, following in zip(chords, [*chords[1:], None], strict=True):
        long = chord.end - start > 5.0 and chord.duration > 0.6
        if following is None or chord.phrase_end or long or following.start - chord.end > PHRASE_REST:
            spans.append((start, chord.end))
            start = following.start if following is not None else chord.end
    return spans


def phrase_wave(times: Floats, chords: Sequence[Chord]) -> tuple[Floats, Floats]:
    """A swing that turns once a phrase (-1 to 1), and the energy (0 to 1) that the body shows."""
    spans = phrases(chords)
    knots = [spans[0][0], *(end for _, end in spans)]
    phase = np.interp(times, knots, np.arange(len(knots)) * np.pi)
    onsets = np.array([c.start for c in chords])
    loud = np.array([c.loudness for c in chords])
    width = 1.2
    grid = np.arange(times[0], times[-1] + width, 0.1)
    level = np.interp(grid, onsets, loud)
    kernel = np.hanning(int(2 * width / 0.1) + 1)
    padded = np.pad(level, len(kernel) // 2, mode="edge")
    smooth = np.convolve(padded, kernel / kernel.sum(), "valid")
    return np.cos(phase), np.interp(times, grid, smooth[: len(grid)])


def breath_of(times: Floats, chords: Sequence[Chord]) -> Floats:
    """Breathing in before each phrase and out over its beginning: 0 to 1."""
    out = np.zeros(len(times))
    for start, end in phrases(chords):
        fall = min(1.6, max(end - start, 0.4))
        rise = ease((times - (start - BREATH)) / BREATH)
        out = np.maximum(out, np.where(times < start, rise, 1.0 - ease((times - start) / fall)))
    return out


def _feet(skeleton: Skeleton) -> dict[str, tuple[Array, Array]]:
    """Ankle and toes of each foot, flat on the floor, turned outwards."""
    height = skeleton.rest_positions[skeleton.index("left_foot")][2]
    out = {}
    for side, ankle, turn in (
        ("left", (STANCE, -0.035, height), FOOT_TURN),
        ("right", (-STANCE, 0.015, height), -FOOT_TURN),
    ):
        toes = rot.rotate(rot.from_axis_angle(_Z, np.array(turn)), skeleton.offsets[skeleton.index(f"{side}_toes")])
        out[side] = np.array(ankle), ankle + toes
    return out
