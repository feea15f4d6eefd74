# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Music-to-Dance (T. Tang et al., *Dance with melody*, 2018): pairs of DANCE_X_n.npz and .ogg.

An npz holds ``skeletons`` (n, 23, 3) from ``center`` (n, 3), y up, centimetres, and where in the music the dance
begins and ends (``start_position``, ``end_position``, 25 a second). **The skeletons are not at 25 frames a second**:
the n poses span the whole dance, pose i at start / 25 + i (end - start) / (25 n) seconds of the music, which comes to 6
a second for a waltz, 16 to 20 for a rumba, 20 to 29 for a cha-cha. The ogg begins two seconds before the dance, or
where the music begins. No licence is stated: for research on one's own machine; weights learned from it cannot be
passed on.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from plugins.api import Audio, Motion
from training.datasets.dances import Dance, DanceError, read_sound, skeleton_of

Places = npt.NDArray[np.float64]
CLASSES: Final = {"W": "waltz", "R": "rumba", "C": "cha-cha", "T": "tango"}
POSITIONS: Final = 25.0
"""Start and end are counted in so many a second."""
BEFORE: Final = 2.0
"""Seconds of music before the dance that the sound holds, at most."""
_SIDES: Final = (
    ("right", {"upper_arm": 3, "lower_arm": 4, "forearm": 5, "hand": 6, "hand_tip": 22}),
    ("left", {"upper_arm": 12, "lower_arm": 13, "forearm": 21, "wrist": 14, "hand": 15}),
    ("right", {"upper_leg": 7, "lower_leg": 8, "foot": 9, "heel": 10, "toes": 11}),
    ("left", {"upper_leg": 16, "lower_leg": 17, "foot": 18, "heel": 19, "toes": 20}),
)
JOINTS: Final = {
    "spine": 2,
    "head": 1,
    "head_back": 0,
    **{f"{side}_{part}": at for side, parts in _SIDES for part, at in parts.items()},
}
"""Name -> column. The corpus names nothing: limbs are those that keep their lengths; knees and toes say which side is
in front, and so which is left."""
_RELEASED: Final = (
    *((3, 2), (4, 3), (5, 4), (6, 5), (8, 7), (9, 8), (10, 9), (11, 10), (13, 12), (14, 13), (15, 14), (17, 16)),
    *((18, 17), (19, 18), (20, 19), (7, 2), (12, 2), (16, 2)),
)
"""Columns (joint, parent) of the limbs in MCLEMCD's released code."""


def _parent(joint: str) -> str | None:
    side, _, part = joint.partition("_")
    if joint in ("spine", "head", "head_back"):
        return {"head": "spine", "head_back": "head"}.get(joint)
    above = {"lower_arm": "upper_arm", "forearm": "lower_arm", "wrist": "forearm", "hand_tip": "hand"}
    above |= {"hand": "forearm" if side == "right" else "wrist"}
    above |= {"lower_leg": "upper_leg", "foot": "lower_leg", "heel": "foot", "toes": "foot"}
    return f"{side}_{above[part]}" if part in above else "spine"


SKELETON: Final = skeleton_of("music-to-dance", [(joint, _parent(joint)) for joint in JOINTS])
_NAMES: Final = {at: joint for joint, at in JOINTS.items()}
RELEASED: Final = tuple((_NAMES[a], _NAMES[b]) for a, b in _RELEASED)


def read_dances(folder: Path) -> list[Dance]:
    """All pairs of a folder, by name.

    Raises:
        DanceError: there is none, or one is damaged.
    """
    paths = sorted(folder.glob("DANCE_*_*.npz"))
    if not paths:
        raise DanceError(f"there are no DANCE_*.npz in {folder}; give the folder of Music-to-Dance's pairs")
    return [read_dance(path) for path in paths]


def read_dance(path: Path) -> Dance:
    """One pair; the sound begins at the motion's first frame."""
    label = CLASSES.get(path.stem.split("_")[1])
    if label is None:
        raise DanceError(f"{path.name} is of no known class; names are DANCE_W_1, R, C or T")
    try:
        with np.load(path, allow_pickle=False) as held:
            centre, skeletons = held["center"].astype(np.float64), held["skeletons"].astype(np.float64)
            first, last = int(held["start_position"]), int(held["end_position"])
    except (OSError, KeyError, ValueError, EOFError) as error:
        raise DanceError(f"{path} cannot be read: {error}") from error
    count = len(skeletons)
    if skeletons.shape != (count, len(JOINTS), 3) or centre.shape != (count, 3) or last <= first or not count:
        raise DanceError(f"{path} does not hold (n, {len(JOINTS)}, 3) skeletons between two positions")
    seconds = (last - first) / POSITIONS
    samples, rate = read_sound(path.with_suffix(".ogg"))
    before = round(min(BEFORE, first / POSITIONS) * rate)
    heard = samples[before : before + round(seconds * rate)]
    positions = _metres(skeletons + centre[:, None]).astype(np.float32)
    motion = Motion(SKELETON, count / seconds, positions, provenance={"corpus": "music-to-dance", "name": path.stem})
    return Dance(path.stem, label, path.stem, motion, Audio(heard, rate), released=RELEASED)


def _metres(centimetres: Places) -> Places:
    """y up to Z up (a turn about X), columns in the skeleton's order."""
    x, y, z = np.moveaxis(centimetres[:, list(JOINTS.values())], -1, 0)
    return np.stack([x, -z, y], axis=-1) / 100.0
