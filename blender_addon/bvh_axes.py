# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""BVH files have Y up; Blender's exporter writes an armature's own axes. No bpy."""

from __future__ import annotations

import re

import numpy as np

RENAMED = {"X": "X", "Y": "Z", "Z": "Y"}
"""Axes after a quarter turn that brings Z up to Y; what was along or about Y changes its sign."""


def stand_up(text: str) -> str:
    """Turn a BVH with Z up into the same motion with Y up."""
    head, tail = text.split("MOTION", 1)
    head = re.sub(r"OFFSET\s+(\S+)\s+(\S+)\s+(\S+)", _offset, head)
    flips: list[float] = []
    order: list[int] = []

    def channels(found: re.Match[str]) -> str:
        names = found[2].split()
        turned = [RENAMED[name[0]] + name[1:] for name in names]
        # Places in the order X, Y, Z, which careless readers expect; the order of rotations has a meaning.
        places = sorted(n for n in turned if n.endswith("position"))
        wanted = [*places, *(n for n in turned if not n.endswith("position"))]
        order.extend(len(flips) + turned.index(name) for name in wanted)
        flips.extend(-1.0 if name[0] == "Y" else 1.0 for name in names)
        return f"CHANNELS {found[1]} {' '.join(wanted)}"

    head = re.sub(r"CHANNELS\s+(\d+)((?:\s+[XYZ](?:position|rotation))+)", channels, head)
    lines = tail.splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("Frame Time")) + 1
    values = np.array([line.split() for line in lines[first:] if line.strip()], dtype=np.float64)
    values = (values * flips)[:, order]
    rows = [" ".join(f"{x:.6f}" for x in row) for row in values]
    return "\n".join([f"{head}MOTION", *lines[1:first], *rows, ""])


def _offset(found: re.Match[str]) -> str:
    x, y, z = (float(found[i]) for i in (1, 2, 3))
    return f"OFFSET {x:.6f} {z:.6f} {-y:.6f}"
