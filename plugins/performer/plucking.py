# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Pizzicato: the bow stays in the hand, and its first finger plucks over the end of the fingerboard.

The hand keeps its hold on the frog; bow and hand go where the tip of the first finger must be. The bow points up and
away from the strings meanwhile. A pluck: the fingertip waits on the string, pulls it to the E side, and is away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from plugins.api import Array, violin
from plugins.api import rotations as rot
from plugins.performer.bow_path import ACROSS, OUT, BowPath
from plugins.performer.bowing import FIRST
from plugins.performer.curves import Floats, ease, hold_and_move
from plugins.performer.fingering import Grip
from plugins.performer.hands import HandPose
from plugins.performer.music import Chord

FROM_BRIDGE: Final = 0.115
"""Metres along the strings: over the end of the fingerboard."""
TIP: Final = np.array([0.060, -0.018, -0.010])
"""The plucking fingertip in the bow's frame: stretched out, past the stick and the hair."""
RAISED: Final = np.radians(28.0)
"""How far the bow points up from the plane of the strings."""
READY: Final = 0.030
"""Seconds that the fingertip is on the string before the note."""
PULL: Final = 0.07
"""Seconds from the string to where the finger is away from it."""
AWAY: Final = (-0.022, 0.016)
"""Metres to the E side and out of the strings' plane."""
APPROACH: Final = 0.16
"""Longest way to the next string, seconds."""
CHANGE: Final = 0.40
"""Seconds from bowing to plucking, and back."""
HASTE: Final = 0.14
"""The same where the notes leave no time for it."""
TOGETHER: Final = 1.2
"""Seconds between plucked notes up to which the hand stays where it plucks."""


def with_plucking(
    times: Floats, path: BowPath, chords: Sequence[Chord], grips: Sequence[Grip]
) -> tuple[BowPath, Floats]:
    """The bow's path with the plucked chords in it, and (T,) how much the hand plucks, 0 to 1."""
    plucked = [i for i, c in enumerate(chords) if c.plucked]
    if not plucked:
        return path, np.zeros(len(times))
    share = _share(times, chords)
    tip, level = _fingertip(times, [chords[i] for i in plucked], [grips[i] for i in plucked])
    rotation = np.broadcast_to(_raised(), path.rotation.shape)
    frog = tip - rot.rotate(rotation, TIP)
    column = share[:, None]
    return (
        replace(
            path,
            frog=path.frog + (frog - path.frog) * column,
            rotation=rot.slerp(path.rotation, rotation, share),
            hair=path.hair + (FIRST - path.hair) * share,
            level=path.level + (level - path.level) * share,
        ),
        share,
    )


def with_finger(hand: HandPose, share: Floats) -> HandPose:
    """The right hand, its first finger stretched out as far as it plucks (bow's frame)."""
    tips = hand.tips.copy()
    tips[:, 1] += (TIP - tips[:, 1]) * share[:, None]
    return replace(hand, tips=tips)


def _raised() -> Array:
    """(4,) the bow's rotation in the violin's frame: across the strings, its tip up."""
    along = np.cos(RAISED) * ACROSS + np.sin(RAISED) * OUT
    up = -np.sin(RAISED) * ACROSS + np.cos(RAISED) * OUT
    return np.asarray(rot.from_frame(along[None], up[None])[0])


def _share(times: Floats, chords: Sequence[Chord]) -> Floats:
    """(T,) 1 from shortly before a run of plucked notes to its end; the bow has the time on both sides."""
    share = np.zeros(len(times))
    for first, last in _runs(chords):
        begin, end = chords[first].start, chords[last].start + PULL
        before = begin - (chords[first - 1].end if first else -np.inf)
        after = (chords[last + 1].start if last + 1 < len(chords) else np.inf) - end
        here = slice(*np.searchsorted(times, (begin - READY - CHANGE, end + CHANGE)))
        rise = ease((times[here] - begin + READY) / max(min(CHANGE, before), HASTE) + 1.0)
        fall = ease((end - times[here]) / max(min(CHANGE, after), HASTE) + 1.0)
        share[here] = np.maximum(share[here], np.minimum(rise, fall))
    return share


def _runs(chords: Sequence[Chord]) -> list[tuple[int, int]]:
    """First and last of each row of plucked chords without a bowed one, or a long wait, in between."""
    runs: list[tuple[int, int]] = []
    for i, chord in enumerate(chords):
        if not chord.plucked:
            continue
        if runs and runs[-1][1] == i - 1 and chord.start - chords[i - 1].start <= CHANGE + TOGETHER:
            runs[-1] = (runs[-1][0], i)
        else:
            runs.append((i, i))
    return runs


def _fingertip(times: Floats, chords: Sequence[Chord], grips: Sequence[Grip]) -> tuple[Array, Floats]:
    """(T, 3) the fingertip in the violin's frame: on each chord's lowest string before it sounds, over its strings
    and away; and (T,) the string that it is at."""
    points, begins, ends, levels = [], [], [], []
    for i, (chord, grip) in enumerate(zip(chords, grips, strict=True)):
        strings = sorted({s for s, _, _ in grip.stops})
        gap = chord.start - chords[i - 1].start if i else np.inf
        pull = min(PULL, 0.35 * (chords[i + 1].start - chord.start)) if i + 1 < len(chords) else PULL
        ready = min(READY, 0.15 * gap)
        points += [_on(strings[0]), _on(strings[-1]) + AWAY[0] * ACROSS + AWAY[1] * OUT]
        levels += [float(np.mean(strings))] * 2
        begins += [chord.start - ready - min(APPROACH, 0.45 * gap), chord.start]
        ends += [chord.start - ready, chord.start + pull]
    windows = np.array(begins[1:]), np.array(ends[1:])
    return hold_and_move(times, np.array(points), *windows), hold_and_move(times, np.array(levels), *windows)


def _on(string: int) -> Array:
    """(3,) where a string is plucked."""
    line = violin.NUT[string] - violin.BRIDGE[string]
    return np.asarray(violin.BRIDGE[string] + FROM_BRIDGE * line / np.linalg.norm(line))
