# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A body as the network sees it: directions of its bones, which give the joints back with bones of any length.

A rigid bone is a unit vector, so that whatever the network answers keeps its length; what is held, or hangs on more
than one joint, is a free vector. A body that travels has a root with a velocity and a height.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api import Skeleton
from plugins.api.log_mel import FPS
from plugins.api.strokes import hair_positions, scaled
from plugins.momu.amplitude import amplitude

Floats = npt.NDArray[np.floating[Any]]

SMALLEST: Final = 0.02
"""Least deviation that a feature is scaled by: what hardly moves is not to be blown up."""
CONTACT_SPEED: Final = 0.25
"""Metres a second below which a foot is taken to stand."""
AMPLITUDE_SCALE: Final = 0.1
"""Metres of amplitude (``amplitude``) of a frame, for each joint, that are 1 to the network."""

_ARM: Final = ("upper_arm", "lower_arm", "hand", "index_proximal")


@dataclass(frozen=True, eq=False)
class Body:
    """Which joints are made, and how they hang together.

    Attributes:
        joints: the root first, each after its parent. parents: -1 for the root.
        rigid: whether the bone to the parent keeps its length.
        lengths: (J,) metres of the rigid bones, 0 for the others.
        travels: whether the root moves.
        feet: joints whose contacts with the floor are events; none of a violinist, whose strokes are.
    """

    joints: tuple[str, ...]
    parents: tuple[int, ...]
    rigid: tuple[bool, ...]
    lengths: Floats = field(repr=False)
    travels: bool
    feet: tuple[str, ...] = ()

    @property
    def bowed(self) -> bool:
        return "bow_tip" in self.joints

    @property
    def pose(self) -> int:
        """Numbers of a frame's posture."""
        return 3 * (len(self.joints) - 1) + 3 * self.travels + self.bowed

    @property
    def events(self) -> int:
        """Numbers of a frame's events: speed and turns of the bow, or contacts and amplitude."""
        return 2 if self.bowed else len(self.feet) + 1

    def with_lengths(self, lengths: Floats) -> Body:
        return Body(self.joints, self.parents, self.rigid, lengths, self.travels, self.feet)

    def index(self, joint: str) -> int:
        return self.joints.index(joint)

    def posture(self, places: Floats) -> npt.NDArray[np.float32]:
        """(T, pose) of (T, J, 3) metres at 40 frames a second: root, bones, of a violinist the place of the hair."""
        places = np.asarray(places, dtype=np.float64)
        parts = []
        if self.travels:
            step = np.diff(places[:, 0, :2], axis=0, prepend=places[:1, 0, :2]) * FPS
            parts.append(np.concatenate([step, places[:, 0, 2:]], axis=1))
        for i, (parent, rigid) in enumerate(zip(self.parents, self.rigid, strict=True)):
            if parent >= 0:
                bone = places[:, i] - places[:, parent]
                size = np.maximum(np.linalg.norm(bone, axis=-1, keepdims=True), 1e-6) if rigid else 1.0
                parts.append(bone / size)
        if self.bowed:
            parts.append(scaled(self.hair(places), FPS)[:, :1])
        return np.concatenate(parts, axis=1).astype(np.float32)

    def happenings(self, places: Floats) -> npt.NDArray[np.float32]:
        """(T, events) of (T, J, 3) metres at 40 frames a second."""
        places = np.asarray(places, dtype=np.float64)
        if self.bowed:
            return scaled(self.hair(places), FPS)[:, 1:]
        speed = np.linalg.norm(np.gradient(places, axis=0), axis=-1) * FPS if len(places) > 1 else places[..., 0] * 0.0
        stands = [speed[:, self.index(foot)] < CONTACT_SPEED for foot in self.feet]
        moves = amplitude(places) / (AMPLITUDE_SCALE * len(self.joints))
        return np.stack([*stands, moves], axis=-1).astype(np.float32)

    def hair(self, places: Floats) -> npt.NDArray[np.float64]:
        """(T,) metres of hair between the frog and the strings, of a violinist."""
        ends = ("bow_frog", "bow_tip", "violin_end", "violin_scroll")
        found = hair_positions(*(np.asarray(places[:, self.index(end)], dtype=np.float64) for end in ends))
        # A bow along the neck meets the strings nowhere.
        return np.clip(found, -0.1, 0.75)

    def to_json(self) -> dict[str, Any]:
        return {
            "joints": list(self.joints),
            "parents": list(self.parents),
            "rigid": list(self.rigid),
            "lengths": [float(length) for length in self.lengths],
            "travels": self.travels,
            "feet": list(self.feet),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Body:
        lengths = np.array(data["lengths"], dtype=np.float64)
        joints, parents, rigid, feet = (tuple(data[name]) for name in ("joints", "parents", "rigid", "feet"))
        return cls(joints, parents, rigid, lengths, bool(data["travels"]), feet)


def violinist() -> Body:
    """Fourteen joints of who plays: trunk, arms, violin and bow, from the hips."""
    rows: list[tuple[str, str, bool]] = [("neck", "hips", True), ("head", "neck", True)]
    for side in ("right", "left"):
        chain = [f"{side}_{part}" for part in _ARM]
        rows.append((chain[0], "neck", False))
        rows += [(joint, above, True) for above, joint in pairwise(chain)]
    rows += [("violin_end", "neck", False), ("violin_scroll", "violin_end", True)]
    rows += [("bow_frog", "violin_end", False), ("bow_tip", "bow_frog", True)]
    joints = ("hips", *(joint for joint, _, _ in rows))
    parents = (-1, *(joints.index(above) for _, above, _ in rows))
    return Body(joints, parents, (False, *(rigid for *_, rigid in rows)), np.zeros(len(joints)), travels=False)


def dancer(skeleton: Skeleton) -> Body:
    """All joints of a skeleton of which only places are known, such as those of dances."""
    if any(parent >= i for i, parent in enumerate(skeleton.parents)):
        raise ValueError(f"the joints of {skeleton.name!r} must come after their parents")
    feet = tuple(j for j in skeleton.joints if j.endswith("toes")) or tuple(
        j for j in skeleton.joints if j.endswith("foot")
    )
    rigid = tuple(parent >= 0 for parent in skeleton.parents)
    return Body(tuple(skeleton.joints), tuple(skeleton.parents), rigid, np.zeros(len(skeleton)), True, feet)


def median_lengths(body: Body, clips: Sequence[Floats]) -> npt.NDArray[np.float64]:
    """(J,) of the rigid bones over all frames of (T, J, 3) clips."""
    out = np.zeros(len(body.joints))
    for i, (parent, rigid) in enumerate(zip(body.parents, body.rigid, strict=True)):
        if rigid and parent >= 0:
            every = [np.linalg.norm(clip[:, i] - clip[:, parent], axis=-1) for clip in clips]
            out[i] = float(np.median(np.concatenate(every)))
    return out


def turned(posture: Floats, angle: float) -> npt.NDArray[np.float32]:
    """A posture (T, pose) turned about the upright axis; for a body that travels, in training."""
    out = np.array(posture, dtype=np.float32)
    vectors = out[:, : 3 * (len(out[0]) // 3)].reshape(len(out), -1, 3)
    x, y = vectors[..., 0].copy(), vectors[..., 1].copy()
    vectors[..., 0], vectors[..., 1] = np.cos(angle) * x - np.sin(angle) * y, np.sin(angle) * x + np.cos(angle) * y
    return out


@dataclass(frozen=True, eq=False)
class Scale:
    """Features to about -1..1 and back.

    Attributes:
        mean, deviation: (pose + events,).
    """

    mean: npt.NDArray[np.float32] = field(repr=False)
    deviation: npt.NDArray[np.float32] = field(repr=False)

    @classmethod
    def fit(cls, posture: Floats, happenings: Floats, body: Body) -> Scale:
        """From (N, pose) and (N, events) of the training clips. The three numbers of a vector share a deviation, so
        that it keeps its direction; what travels may face anywhere, and has no mean to the side."""
        both = np.concatenate([posture, happenings], axis=1).astype(np.float64)
        mean, deviation = both.mean(axis=0), both.std(axis=0)
        vectors = (body.pose - body.bowed) // 3
        if body.travels:
            level = np.arange(3 * vectors).reshape(-1, 3)[:, :2].ravel()
            mean[level] = 0.0
            deviation[level] = np.sqrt((both[:, level] ** 2).mean(axis=0))
        for first in range(0, 3 * vectors, 3):
            root = body.travels and first == 0
            # A root's height and its velocity are no vector.
            parts = ((first, first + 2), (first + 2, first + 3)) if root else ((first, first + 3),)
            for begin, end in parts:
                deviation[begin:end] = np.sqrt((deviation[begin:end] ** 2).mean())
        return cls(mean.astype(np.float32), np.maximum(deviation, SMALLEST).astype(np.float32))

    def scaled(self, posture: Floats, happenings: Floats) -> npt.NDArray[np.float32]:
        both = np.concatenate([posture, happenings], axis=1)
        return np.asarray((both - self.mean) / self.deviation, dtype=np.float32)

    def to_json(self) -> dict[str, list[float]]:
        return {"mean": self.mean.tolist(), "deviation": self.deviation.tolist()}

    @classmethod
    def from_json(cls, data: Any) -> Scale:
        return cls(*(np.array(data[name], dtype=np.float32) for name in ("mean", "deviation")))
