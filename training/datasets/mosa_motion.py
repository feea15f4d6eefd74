# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""MOSA's motion files: 120 frames a second, millimetres, Z up, 34 optical markers, x y z each; a pianist's may
have the 30 of the body only.

And what the paper does with them (section V): gaps filled linearly, a 10 Hz Butterworth filter
without phase, 40 frames a second, the performer's own frame.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api import rotations as rot
from training.datasets.markers import BODY_MARKERS, MARKERS, PELVIS
from training.datasets.mosa_annotations import TableError

Floats = npt.NDArray[np.float64]

CAPTURE_FPS: Final = 120
FPS: Final = 40
CUTOFF: Final = 10.0
"""Hz."""
LONGEST_GAP: Final = 5.0
"""Seconds without a marker beyond which what is filled in is invention."""
FARTHEST: Final = 20.0
"""Metres from the origin: no laboratory is larger, the file must be in another unit."""


def write_motion(path: Path, markers: Floats) -> None:
    """(T, 34, 3) metres to a file; NaN becomes an empty cell, and what holds no violin and no bow has no columns
    for them."""
    with_props = np.isfinite(markers[:, len(BODY_MARKERS) :]).any()
    names = MARKERS if with_props else BODY_MARKERS
    flat = np.asarray(markers[:, : len(names)], dtype=np.float64).reshape(len(markers), -1) * 1000.0
    header = ",".join(f"{marker}_{axis}" for marker in names for axis in "xyz")
    row = ",".join(["%.2f"] * flat.shape[1])
    # One format for many rows: several times as fast as a call for each.
    text = "\n".join(row % tuple(values) for values in flat.tolist())
    path.write_text(f"{header}\n{text}\n".replace("nan", ""), encoding="ascii")


def read_motion(path: Path) -> Floats:
    """(T, 34, 3) metres; gaps are NaN, and so are violin and bow where the file has none.

    TableError when it is no such file, truncated or in other units.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            header = file.readline().rstrip("\r\n").split(",")
            body = file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise TableError(f"{path.name} cannot be read ({error})") from error
    order = _marker_order(path.name, header)
    if not body.endswith("\n"):
        raise TableError(f"{path.name} is truncated: its last line does not end")
    values = _numbers(path.name, body, len(header))
    markers = np.full((len(values), len(MARKERS), 3), np.nan)
    markers[:, : len(order)] = values.reshape(len(values), -1, 3)[:, order] / 1000.0
    if not len(markers) or not np.isfinite(markers).any():
        raise TableError(f"{path.name} holds no positions")
    if np.nanmax(np.abs(markers)) > FARTHEST:
        raise TableError(
            f"{path.name}: positions lie {np.nanmax(np.abs(markers)):.0f} m away; millimetres are expected"
        )
    if np.nanmax(markers) - np.nanmin(markers) < 0.1:
        raise TableError(f"{path.name}: all positions lie within 10 cm; millimetres are expected")
    return np.asarray(markers)


def _numbers(name: str, body: str, columns: int) -> Floats:
    lines = body.splitlines()
    try:
        # Gaps are empty cells (ours) or "NaN".
        if ",," in body or ",\n" in body or body.startswith(",") or "\n," in body:
            lines = [_with_gaps(line) for line in lines]
        return np.loadtxt(lines, delimiter=",", ndmin=2, dtype=np.float64)
    except ValueError as error:
        raise TableError(f"{name}: {_bad_line(lines, columns) or error}") from error


def _with_gaps(line: str) -> str:
    return ",".join(cell or "nan" for cell in line.split(","))


def _bad_line(lines: Sequence[str], columns: int) -> str:
    for number, line in enumerate(lines, 2):
        cells = line.split(",")
        if len(cells) != columns:
            return f"line {number} has {len(cells)} cells instead of {columns} (truncated?)"
        for cell in cells:
            try:
                float(cell)
            except ValueError:
                return f"line {number} holds {cell!r}, which is not a number"
    return ""


def _marker_order(name: str, header: Sequence[str]) -> list[int]:
    """Which triple of columns is which of MARKERS, by the names in the header."""
    wanted = BODY_MARKERS if len(header) == 3 * len(BODY_MARKERS) else MARKERS
    if len(header) != 3 * len(wanted):
        raise TableError(
            f"{name}: {len(header)} columns instead of {3 * len(MARKERS)} (34 markers, x y z each; "
            f"a pianist's {len(BODY_MARKERS)}: {3 * len(BODY_MARKERS)})"
        )
    names = [re.sub(r"[^A-Z0-9]?[XYZ123]?$", "", cell.strip().upper()) for cell in header[::3]]
    if not set(names) & set(wanted):
        return list(range(len(wanted)))  # no names, but as many columns: in the published order
    wrong = sorted(set(wanted) - set(names))
    if wrong:
        raise TableError(f"{name}: no columns for the markers {', '.join(wrong)} (mislabelled?)")
    return [names.index(marker) for marker in wanted]


def fill_gaps(markers: Floats, fps: float = CAPTURE_FPS, longest: float = LONGEST_GAP) -> Floats:
    """NaN filled in linearly over time, at the ends with the nearest position.

    TableError names a marker that is never there, or is away for more than ``longest`` seconds.
    """
    out = np.array(markers, dtype=np.float64)
    missing = ~np.isfinite(out).all(axis=-1)
    frames = np.arange(len(out))
    for marker in np.nonzero(missing.any(axis=0))[0]:
        known = np.nonzero(~missing[:, marker])[0]
        name = MARKERS[marker] if markers.shape[1] in (len(MARKERS), len(BODY_MARKERS)) else f"number {marker}"
        if not len(known):
            raise TableError(f"the marker {name} is never seen")
        gap = np.diff(np.concatenate([[-1], known, [len(out)]])).max() - 1
        if gap > longest * fps:
            raise TableError(f"the marker {name} is away for {gap / fps:.1f} s (more than {longest:g} s)")
        for axis in range(3):
            out[:, marker, axis] = np.interp(frames, known, out[known, marker, axis])
    return out


def smooth(markers: Floats, fps: float = CAPTURE_FPS, cutoff: float = CUTOFF) -> Floats:
    """Butterworth low-pass of fourth order in all, without phase (forwards and backwards)."""
    from scipy.signal import butter, sosfiltfilt

    sections = butter(2, cutoff, fs=fps, output="sos")
    pad = min(len(markers) - 1, 2 * round(fps / cutoff))
    return np.asarray(sosfiltfilt(sections, markers, axis=0, padlen=pad))


def resample(values: npt.NDArray[Any], fps: float, to: float = FPS) -> Floats:
    """(T, ...) at another frame rate; linear, the same times from 0 on."""
    count = int(np.floor((len(values) - 1) * to / fps + 1e-6)) + 1
    if abs(fps / to - round(fps / to)) < 1e-9:
        return np.asarray(values[:: round(fps / to)][:count], dtype=np.float64)
    at = np.minimum(np.arange(count) * fps / to, len(values) - 1)
    low = np.minimum(at.astype(int), max(len(values) - 2, 0))
    part = (at - low).reshape(-1, *[1] * (values.ndim - 1))
    return np.asarray(values[low] * (1 - part) + values[np.minimum(low + 1, len(values) - 1)] * part)


def own_frame(markers: Floats) -> tuple[Floats, Floats]:
    """Where the performer stands: origin (3,) and rotation (4,) that takes laboratory to own frame.

    Own frame: origin at the mean of the root, +X along the mean RASI-LASI line made level (our left),
    Z up. One frame for the whole performance, so that the root still moves in it.
    """
    index = {name: MARKERS.index(name) for name in PELVIS}
    origin = markers[:, list(index.values())].mean(axis=(0, 1))
    left = (markers[:, index["LASI"]] - markers[:, index["RASI"]]).mean(axis=0)
    if np.hypot(left[0], left[1]) < 0.01:
        raise TableError(
            "the markers RASI and LASI lie in one place on average (whoever plays turned round?): there is no left"
        )
    yaw = -np.arctan2(left[1], left[0])
    return origin, rot.from_axis_angle(np.array([0.0, 0.0, 1.0]), float(yaw))


def in_own_frame(points: Floats, frame: tuple[Floats, Floats]) -> Floats:
    """(T, N, 3) laboratory positions in the performer's own frame."""
    return np.asarray(rot.rotate(frame[1], points - frame[0]))


def velocities(positions: Floats, fps: float = FPS) -> Floats:
    """(T, ...) units per second, as long as the positions (central differences)."""
    return np.asarray(np.gradient(positions, 1.0 / fps, axis=0)) if len(positions) > 1 else np.zeros_like(positions)


def windows(frames: int, length: int = 640, hop: int = 40) -> list[int]:
    """First frames of the clips of a performance: 640 frames (16 s), one a second."""
    return list(range(0, frames - length + 1, hop))
