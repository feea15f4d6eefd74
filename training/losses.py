# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Losses.

The compound loss of MOSA (Y.-F. Huang et al., 2024, equations 6 to 10). Its time-wise and space-wise
terms compare all pairs of frames and all pairs of coordinates; with e = predicted - true, the mean
over pairs (i, j) of (e_i - e_j)^2 is 2 (mean e^2 - (mean e)^2), so that no T x T matrix is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from torch import Tensor

TIME_WEIGHT: Final = 2.0
SPACE_WEIGHT: Final = 2.0
POINT_WEIGHT: Final = 1.0
"""w_t, w_s and w_m of equation 9."""
PART_SCALES: Final = (3.0, 3.0, 1.0)
"""d_c of equation 10: how far right hand, left hand and trunk move, relative to each other."""
PARTS: Final = (12, 12, 9)
"""Coordinates of each of them."""


def timewise(error: Tensor) -> Tensor:
    """Equation 6: mean over pairs of frames, summed over coordinates. ``error`` (B, T, S); answers (B,)."""
    return 2.0 * error.var(dim=1, correction=0).sum(dim=1)


def spacewise(error: Tensor) -> Tensor:
    """Equation 7: mean over pairs of coordinates, summed over frames. ``error`` (B, T, S); answers (B,)."""
    return 2.0 * error.var(dim=2, correction=0).sum(dim=1)


def pointwise(error: Tensor) -> Tensor:
    """Equation 8: mean squared error. ``error`` (B, T, S); answers (B,)."""
    return error.square().mean(dim=(1, 2))


def compound_loss(
    predicted: Tensor, true: Tensor, parts: Sequence[int] = PARTS, scales: Sequence[float] = PART_SCALES
) -> Tensor:
    """Equations 9 and 10, with each term a mean over all coordinates and frames.

    As printed, equation 6 is a sum over coordinates and equation 7 a sum over frames, so that the
    space-wise term would outweigh the others by the number of frames (640) and the loss would grow
    with a clip's length; ``printed_compound_loss`` is that. Here the three terms are of one size.

    Args:
        predicted, true: (B, T, S).
        parts: coordinates of each part of the body, S in all.
        scales: d_c of each part.

    Returns:
        A number, the mean over the batch.
    """
    return _compound(predicted, true, parts, scales, printed=False)


def printed_compound_loss(
    predicted: Tensor, true: Tensor, parts: Sequence[int] = PARTS, scales: Sequence[float] = PART_SCALES
) -> Tensor:
    """The compound loss letter by letter as printed, for parity."""
    return _compound(predicted, true, parts, scales, printed=True)


def _compound(
    predicted: Tensor, true: Tensor, parts: Sequence[int], scales: Sequence[float], *, printed: bool
) -> Tensor:
    error = predicted - true
    frames = error.shape[1]
    total = error.new_zeros(())
    for part, scale in zip(error.split(tuple(parts), dim=2), scales, strict=True):
        over_coordinates, over_frames = (1, 1) if printed else (part.shape[2], frames)
        time = timewise(part) / over_coordinates
        space = spacewise(part) / over_frames
        of_part = TIME_WEIGHT * time + SPACE_WEIGHT * space + POINT_WEIGHT * pointwise(part)
        total = total + of_part.mean() / scale
    return total


def point_loss(predicted: Tensor, true: Tensor) -> Tensor:
    """The single loss of SNSL and CNSL: mean squared error over everything."""
    return (predicted - true).square().mean()
