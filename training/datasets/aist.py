# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""AIST++ (R. Li et al., *AI Choreographer*, 2021; annotations CC BY 4.0) in its published layout.

    FOLDER/keypoints3d/gBR_sBM_cAll_d04_mBR0_ch01.pkl    keypoints3d_optim (N, 17, 3), 60 a second, centimetres, y up
    FOLDER/splits/crossmodal_train.txt, _val, _test      names, one a line
    FOLDER/music/mBR0.wav                                 the music that a name tells, from the dance's beginning

The pickles are read without unpickling (``array_pickle``). The genre is the name's beginning.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from plugins.api import Audio, Motion
from training.datasets.array_pickle import PickleRefused, read_arrays
from training.datasets.dances import Dance, DanceError, read_sound, skeleton_of

FPS: Final = 60.0
GENRES: Final = {
    "gBR": "break",
    "gPO": "pop",
    "gLO": "lock",
    "gWA": "waack",
    "gMH": "middle hip-hop",
    "gLH": "LA-style hip-hop",
    "gHO": "house",
    "gKR": "krump",
    "gJS": "street jazz",
    "gJB": "ballet jazz",
}
Places = npt.NDArray[np.float64]
SOUNDS: Final = (".wav", ".mp3", ".flac", ".ogg", ".m4a", ".mp4")
SKELETON: Final = skeleton_of(
    "aist++",
    [
        ("head", None),  # the nose; COCO's order from here on
        *(
            (f"{side}_{part}", above)
            for part, above in (("eye", "head"), ("ear", "head"))
            for side in ("left", "right")
        ),
        *((f"{side}_upper_arm", "head") for side in ("left", "right")),
        *((f"{side}_lower_arm", f"{side}_upper_arm") for side in ("left", "right")),
        *((f"{side}_hand", f"{side}_lower_arm") for side in ("left", "right")),
        *((f"{side}_upper_leg", f"{side}_upper_arm") for side in ("left", "right")),
        *((f"{side}_lower_leg", f"{side}_upper_leg") for side in ("left", "right")),
        *((f"{side}_foot", f"{side}_lower_leg") for side in ("left", "right")),
    ],
)
_RELEASED: Final = ((6, 8), (8, 10), (5, 7), (7, 9), (12, 14), (14, 16), (11, 13), (13, 15))
"""Columns of the limbs in MCLEMCD's released code: arms and legs only, nothing holds them together."""
RELEASED: Final = tuple((SKELETON.joints[a], SKELETON.joints[b]) for a, b in _RELEASED)


def read_dances(folder: Path) -> list[Dance]:
    """All dances of which there is music, by name; those that the splits name know their part.

    Raises:
        DanceError: there is none, or one cannot be read.
    """
    paths = sorted((folder / "keypoints3d").glob("*.pkl"))
    parts = _parts(folder / "splits")
    sounds = {path.stem: path for path in sorted((folder / "music").glob("*")) if path.suffix.lower() in SOUNDS}
    found = [_dance(path, sounds, parts.get(path.stem, "")) for path in paths if _music_of(path) in sounds]
    if not found:
        raise DanceError(
            f"{folder} holds no dance of AIST++ with its music; it needs keypoints3d/*.pkl, music/mBR0.wav and so on"
        )
    return found


def _dance(path: Path, sounds: dict[str, Path], part: str) -> Dance:
    genre = GENRES.get(path.stem.split("_")[0])
    if genre is None:
        raise DanceError(f"{path.name} is of no known genre; names begin with {', '.join(GENRES)}")
    motion = read_motion(path)
    samples, rate = read_sound(sounds[_music_of(path)])
    heard = Audio(samples[: round(motion.duration * rate)], rate)
    return Dance(path.stem, genre, _music_of(path), motion, heard, part, RELEASED)


def read_motion(path: Path) -> Motion:
    """The optimised key points of one file."""
    try:
        places = read_arrays(path)["keypoints3d_optim"]
    except PickleRefused as error:
        raise DanceError(str(error)) from error
    except KeyError as error:
        raise DanceError(f"{path} has no keypoints3d_optim") from error
    if places.ndim != 3 or places.shape[1:] != (len(SKELETON), 3) or not len(places):
        raise DanceError(f"{path}: keypoints3d_optim must be (N, {len(SKELETON)}, 3), not {places.shape}")
    x, y, z = np.moveaxis(_filled(places.astype(np.float64)), -1, 0)
    positions = (np.stack([x, -z, y], axis=-1) / 100.0).astype(np.float32)
    return Motion(SKELETON, FPS, positions, provenance={"corpus": "aist++", "name": path.stem})


def _filled(places: Places) -> Places:
    """Key points that are missing in a frame (NaN) lie on the line between those that are not."""
    flat = np.array(places, order="C").reshape(len(places), -1)
    at = np.arange(len(flat))
    for column in flat.T:
        known = np.isfinite(column)
        if not known.any():
            raise DanceError("a key point is missing in all frames")
        column[~known] = np.interp(at[~known], at[known], column[known])
    return flat.reshape(places.shape)


def _music_of(path: Path) -> str:
    """ "mBR0" of gBR_sBM_cAll_d04_mBR0_ch01."""
    return next((word for word in path.stem.split("_") if word.startswith("m")), "")


def _parts(folder: Path) -> dict[str, str]:
    return {name: part for part in ("train", "val", "test") for name in _lines(folder / f"crossmodal_{part}.txt")}


def _lines(path: Path) -> Sequence[str]:
    return path.read_text(encoding="utf-8").split() if path.exists() else []
