# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""How wrong an answer about the music's structure is: the paper's losses, and what is better today.

Paper: Y.-F. Huang et al., *MOSA*, 2024, equations 1 to 5. The released code weighs what is no beat with 0.2 in the
focal loss, and what is made small is 1 less the dice coefficient, which the paper prints for the loss.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

ALPHA: Final = 0.8
GAMMA: Final = 2.0
FOCAL_WEIGHT: Final = 5.0
DICE_WEIGHT: Final = 1.0


def focal_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Equation 1, a mean over (B, T): easy frames count little, beats more than what is none."""
    chance = torch.sigmoid(logits)
    right = torch.where(truth > 0.5, chance, 1.0 - chance)
    weight = torch.where(truth > 0.5, ALPHA, 1.0 - ALPHA)
    missed = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    return (weight * (1.0 - right) ** GAMMA * missed).mean()


def dice_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """1 less equation 3, over all of (B, T): how little what is said covers what is there."""
    chance = torch.sigmoid(logits)
    both = 2.0 * (chance * truth).sum()
    return 1.0 - both / (chance.square() + truth.square()).sum().clamp(min=1e-6)


def paper_event_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Equation 4."""
    return FOCAL_WEIGHT * focal_loss(logits, truth) + DICE_WEIGHT * dice_loss(logits, truth)


def shift_tolerant_loss(logits: Tensor, events: Tensor, heard: Tensor, reach: int, weight: float) -> Tensor:
    """Cross-entropy that forgives a peak which is ``reach`` frames off (F. Foscarin et al., *Beat this!*, ISMIR 2024).

    What is said anywhere within reach of an event counts for it; frames near an event that are not the event itself
    count for nothing, so that a peak stays narrow without being punished for its place.

    Args:
        logits: (B, T).
        events: (B, T), 1 in the frame of an event and 0 elsewhere.
        heard: (B, T), 0 where there is no music.
        weight: how much more an event counts than a frame without.
    """
    said = functional.max_pool1d(logits[:, None], 2 * reach + 1, 1, reach)[:, 0]
    near = functional.max_pool1d(events[:, None], 4 * reach + 1, 1, 2 * reach)[:, 0]
    counts = (events + 1.0 - near) * heard
    wrong = functional.binary_cross_entropy_with_logits(
        said, events, reduction="none", pos_weight=logits.new_tensor(weight)
    )
    return (wrong * counts).sum() / counts.sum().clamp(min=1.0)


def class_weights(classes: Tensor, count: int) -> Tensor:
    """(count,) reciprocals of how often each class occurs (equation 5), 1 on average over the frames.

    Args:
        classes: of frames; -1 where none is known.
    """
    seen = torch.bincount(classes[classes >= 0], minlength=count).to(torch.float32)
    weights = torch.where(seen > 0, 1.0 / seen.clamp(min=1.0), 0.0)
    return weights * seen.sum() / (weights * seen).sum().clamp(min=1e-6)


def class_loss(logits: Tensor, classes: Tensor, weights: Tensor | None = None) -> Tensor:
    """Cross-entropy of (B, T, C) against (B, T), -1 where no class is known; 0 where none is anywhere."""
    if not (classes >= 0).any():
        return logits.sum() * 0.0
    return functional.cross_entropy(logits.transpose(1, 2), classes, weights, ignore_index=-1)
