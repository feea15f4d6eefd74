# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Musicians as lines: which joints are joined, from where they are looked at, and pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from training.a2m_clips import Clips, Recording
from training.datasets.markers import JOINTS
from training.evaluate import Points
from training.metrics import Floats

Picture = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]

LEFT, RIGHT, TRUNK = (42, 93, 132), (200, 84, 48), (70, 70, 70)
VIOLIN, BOW = (150, 95, 40), (20, 20, 20)
LINES: Final[tuple[tuple[str, str, Colour, float], ...]] = (
    ("hips", "neck", TRUNK, 0.022),
    ("neck", "head", TRUNK, 0.016),
    ("neck", "left_upper_arm", TRUNK, 0.016),
    ("neck", "right_upper_arm", TRUNK, 0.016),
    ("left_upper_arm", "left_lower_arm", LEFT, 0.016),
    ("left_lower_arm", "left_hand", LEFT, 0.014),
    ("violin_end", "violin_scroll", VIOLIN, 0.026),
    ("left_hand", "left_index_proximal", LEFT, 0.012),
    ("right_upper_arm", "right_lower_arm", RIGHT, 0.016),
    ("right_lower_arm", "right_hand", RIGHT, 0.014),
    ("bow_frog", "bow_tip", BOW, 0.007),
    ("right_hand", "right_index_proximal", RIGHT, 0.012),
)
"""From, to, colour, thickness in metres; later ones lie on top."""
HEAD: Final = 0.085
"""Radius, metres."""
TURNED, RAISED = np.radians(-8.0), np.radians(18.0)
"""Where one looks from: nearly straight before the player, where violin and bow are equally long, and from above."""
SPAN: Final = (-0.62, 0.62, -0.12, 0.90)
"""Metres that are seen: left, right, bottom, top, from the hips."""


@dataclass(frozen=True, eq=False)
class Body:
    """Where joints are on average in a recording: what a model does not say stays there, seen from the neck
    (shoulders, violin); hips stay where they are."""

    rest: dict[str, Floats] = field(repr=False)

    @classmethod
    def of(cls, clips: Clips, recording: Recording) -> Body:
        middle = clips.joints[recording.rows].astype(np.float64).mean(axis=0)
        return cls({joint: middle[i] for i, joint in enumerate(JOINTS)})

    def completed(self, points: Points) -> Points:
        """With all joints of LINES, as far as the instrument has them."""
        count = len(next(iter(points.values())))
        neck = points.get("neck", np.broadcast_to(self.rest["neck"], (count, 3)))
        found = dict(points)
        if "bow_tip" in points:
            found.setdefault("bow_frog", points["right_index_proximal"])
        for joint, place in self.rest.items():
            still = np.broadcast_to(place, (count, 3))
            found.setdefault(joint, still if joint == "hips" else neck + (place - self.rest["neck"]))
        return found


def seen(points: Points) -> dict[str, Floats]:
    """Joint -> (T, 2) metres to the right and up of an orthographic picture."""
    turn, down = (np.array([np.cos(a), np.sin(a)]) for a in (TURNED, RAISED))
    found = {}
    for joint, place in points.items():
        across = place[:, 0] * turn[0] + place[:, 1] * turn[1]
        away = -place[:, 0] * turn[1] + place[:, 1] * turn[0]
        found[joint] = np.stack([across, place[:, 2] * down[0] + away * down[1]], axis=-1)
    return found


def draw(picture: Picture, flat: dict[str, Floats], frame: int, corner: tuple[int, int], size: tuple[int, int]) -> None:
    """One player into the part of a picture (H, W, 3) that begins at ``corner`` and is ``size`` (width, height)."""
    panel = picture[corner[1] : corner[1] + size[1], corner[0] : corner[0] + size[0]]
    scale = min(size[0] / (SPAN[1] - SPAN[0]), size[1] / (SPAN[3] - SPAN[2]))

    def pixel(joint: str) -> Any:
        x, y = flat[joint][frame]
        return np.array([size[0] / 2 + scale * (x - (SPAN[0] + SPAN[1]) / 2), scale * (SPAN[3] - y)])

    for start, end, colour, thickness in LINES:
        line(panel, pixel(start), pixel(end), colour, scale * thickness)
        if end == "head":
            line(panel, pixel("head"), pixel("head"), TRUNK, 2.0 * scale * HEAD)


def line(panel: Picture, start: Floats, end: Floats, colour: Sequence[int], thickness: float) -> None:
    """A line with round ends and soft edges, in place; what is NaN or outside is not drawn."""
    if not (np.isfinite(start).all() and np.isfinite(end).all()):
        return
    reach = thickness / 2 + 1.0
    low = np.maximum(np.floor(np.minimum(start, end) - reach).astype(int), 0)
    high = np.minimum(np.ceil(np.maximum(start, end) + reach).astype(int) + 1, [panel.shape[1], panel.shape[0]])
    if (high <= low).any():
        return
    x = np.arange(low[0], high[0], dtype=np.float32) - np.float32(start[0])
    y = np.arange(low[1], high[1], dtype=np.float32)[:, None] - np.float32(start[1])
    along = (end - start).astype(np.float32)
    part = np.clip((x * along[0] + y * along[1]) / max(along @ along, np.float32(1e-6)), 0.0, 1.0)
    away = np.sqrt((x - part * along[0]) ** 2 + (y - part * along[1]) ** 2)
    cover = np.clip(np.float32(thickness / 2 + 0.5) - away, 0.0, 1.0)[..., None]
    under = panel[low[1] : high[1], low[0] : high[0]]
    under[:] = (under + (np.array(colour, dtype=np.float32) - under) * cover + 0.5).astype(np.uint8)
