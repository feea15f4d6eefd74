# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What the networks see and hear: segments of 25 frames at 25 frames a second, the same in training and in use.

Motion is centred on the hips, measured in units of the body's own size, and smoothed. The smoothing is not of the
paper. Captures of one dance may hold 6 poses a second and of another 28 (those of Music-to-Dance do, by the class!):
then how jagged a motion is would tell its class. A bell of 0.12 s leaves what all of them hold.

Sound is the 96-band log mel that the released code makes where the paper says MFCC: 12,800 Hz, windows of 1024, steps
of 512 samples, 80 to 7600 Hz; each band from 0 to 1 over the piece.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api import Audio, Motion, Skeleton
from plugins.mclemcd.config import Stream

FPS: Final = 25
SEGMENT: Final = 25
"""Frames, one second."""
BANDS: Final = 96
SAMPLE_RATE: Final = 12_800
WINDOW: Final = 1024
STEP: Final = SAMPLE_RATE // FPS
LOWEST: Final = 80.0
HIGHEST: Final = 7600.0
FAINTEST: Final = 1e-10
"""Amplitude that a silent band has."""
INSTEAD: Final = {
    "head": ("neck", "upper_chest", "chest"),
    "spine": ("chest", "hips"),
    **{f"{s}_{a}": tuple(f"{s}_{b}" for b in others) for s in ("left", "right") for a, others in (
        ("hand", ("lower_arm", "upper_arm")), ("toes", ("foot", "lower_leg")), ("foot", ("lower_leg", "upper_leg")),
        ("upper_arm", ("shoulder",)), ("lower_arm", ("upper_arm",)), ("lower_leg", ("upper_leg",)),
    )},
}  # fmt: skip
"""What is taken for a joint that a skeleton lacks, the best first."""

Floats = npt.NDArray[np.float32]
Edges = Sequence[tuple[int, int]]


class FeatureError(ValueError):
    """Motion or sound that cannot be read: the message says what it lacks."""


def edges_of(skeleton: Skeleton) -> list[tuple[int, int]]:
    """(joint, parent) of every joint but the root."""
    return [(joint, parent) for joint, parent in enumerate(skeleton.parents) if parent >= 0]


def places_of(motion: Motion, joints: Sequence[str]) -> npt.NDArray[np.float64]:
    """(T, J, 3) metres of the named joints; where the skeleton has no such joint, the nearest above it.

    Raises:
        FeatureError: naming the joints for which there is nothing, or that the motion leaves open.
    """
    known = [next((n for n in (joint, *INSTEAD.get(joint, ())) if n in motion.skeleton), None) for joint in joints]
    missing = [joint for joint, found in zip(joints, known, strict=True) if found is None]
    if missing:
        raise FeatureError(f"the skeleton {motion.skeleton.name!r} has no {', '.join(missing)}")
    out = np.stack([motion.joint(str(name)) for name in known], axis=1).astype(np.float64)
    if not np.isfinite(out).all():
        raise FeatureError("the motion has joints that are not placed (NaN); complete it first")
    return out


def poses(places: npt.NDArray[np.floating[Any]], fps: float, smooth: float) -> npt.NDArray[np.float64]:
    """(T, J, 3) at any frame rate -> at 25 frames a second from the same first frame, smoothed by a bell of ``smooth``
    seconds (standard deviation)."""
    from scipy.ndimage import gaussian_filter1d

    given = np.asarray(places, dtype=np.float64)
    if not len(given):
        return given
    if smooth and fps > FPS:  # before frames are left out
        given = gaussian_filter1d(given, smooth * fps, axis=0, mode="nearest")
    count = max(1, round(len(given) / fps * FPS))
    at = np.minimum(np.arange(count) * (fps / FPS), len(given) - 1.0)
    low = np.minimum(at.astype(np.int64), max(len(given) - 2, 0))
    part = (at - low)[:, None, None]
    out = given[low] * (1.0 - part) + given[np.minimum(low + 1, len(given) - 1)] * part
    if smooth and fps <= FPS:
        out = gaussian_filter1d(out, smooth * FPS, axis=0, mode="nearest")
    return np.asarray(out)


def centred(places: npt.NDArray[np.floating[Any]], joints: Sequence[str]) -> Floats:
    """(T, J, 3) from the hips of each frame, in units of the joints' mean distance from them over the piece."""
    legs = [i for i, name in enumerate(joints) if name in ("left_upper_leg", "right_upper_leg")]
    given = np.asarray(places, dtype=np.float64)
    around = given - given[:, legs or [0]].mean(axis=1, keepdims=True)
    size = float(np.linalg.norm(around, axis=-1).mean()) if len(given) else 1.0
    return np.asarray(around / max(size, 1e-9), dtype=np.float32)


def limbs(places: npt.NDArray[np.floating[Any]], edges: Edges, *, parity: bool = False) -> Floats:
    """(..., J, 3) from each joint's parent to the joint; 0 for the root.

    With ``parity`` as the released code has it: the k-th limb of its list is written over joint k, and the other
    joints stay what they are.
    """
    given = np.asarray(places, dtype=np.float32)
    out = given.copy() if parity else np.zeros_like(given)
    for k, (joint, parent) in enumerate(edges):
        out[..., k if parity else joint, :] = given[..., joint, :] - given[..., parent, :]
    return out


def streams(segments: Floats, edges: Edges, names: Sequence[Stream], *, parity: bool = False) -> dict[str, Floats]:
    """Stream -> (N, C, 25, J) as the network reads it, of (N, 25, J, 3)."""
    channels = {"joints": segments, "limbs": limbs(segments, edges, parity=parity)}
    channels["early"] = np.concatenate([channels["joints"], channels["limbs"]], axis=-1)
    return {name: np.ascontiguousarray(channels[name].transpose(0, 3, 1, 2)) for name in names}


def cut(frames: Floats) -> Floats:
    """(N, 25, ...) end to end, of (T, ...); what is left over is dropped, but one segment there always is: of less
    than a second the last frame is held."""
    given = np.asarray(frames)
    if len(given) < SEGMENT:
        held = [(0, SEGMENT - len(given)), *[(0, 0)] * (given.ndim - 1)]
        given = np.pad(given, held, mode="edge")
    count = len(given) // SEGMENT
    return np.asarray(given[: count * SEGMENT].reshape(count, SEGMENT, *given.shape[1:]))


def log_mel(samples: npt.NDArray[np.floating[Any]], sample_rate: int) -> Floats:
    """(T, 96) in 0..1, frame i at i / 25 seconds; a band in which nothing changes is 0."""
    import soxr
    from librosa.core import stft
    from librosa.filters import mel

    sound = np.ascontiguousarray(samples, dtype=np.float32)
    if sample_rate != SAMPLE_RATE:
        sound = soxr.resample(sound, sample_rate, SAMPLE_RATE, quality="HQ")
    count = max(1, len(sound) // STEP)
    padded = np.pad(sound, (0, max(0, WINDOW - len(sound))))
    spectrum = np.abs(stft(padded, n_fft=WINDOW, hop_length=STEP))
    with warnings.catch_warnings():
        # So many bands leave some of the lowest without a bin of the spectrum; it is the paper's choice.
        warnings.filterwarnings("ignore", message="Empty filters")
        filters = mel(sr=SAMPLE_RATE, n_fft=WINDOW, n_mels=BANDS, fmin=LOWEST, fmax=HIGHEST)
    bands = np.log10(np.maximum(filters @ spectrum, FAINTEST)).T[:count]
    low, high = bands.min(axis=0), bands.max(axis=0)
    return np.asarray((bands - low) / np.maximum(high - low, 1e-6), dtype=np.float32)


def music_segments(audio: Audio) -> Floats:
    """(N, 1, 96, 25) of a sound, end to end."""
    found = cut(log_mel(audio.samples, audio.sample_rate))
    return np.ascontiguousarray(found.transpose(0, 2, 1)[:, None])


def motion_segments(motion: Motion, joints: Sequence[str], smooth: float) -> Floats:
    """(N, 25, J, 3) of a motion, end to end."""
    return cut(centred(poses(places_of(motion, joints), motion.fps, smooth), joints))
