# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What the networks of MoMu are trained by."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from plugins.momu.config import COMPRESSION
from plugins.momu.schedule import signal

AROUND: Final = 2
"""Latents to both sides of a moment that belong to it: half a second in all."""
MOMENTS: Final = 5
"""Of a window of eight seconds that are paired."""
APART: Final = 12
"""Frames between two moments, at least."""
SNR: Final = (0.2, 5.0)
"""Weight of a step of the noise: its ratio of signal to noise within these (T. Hang et al., *Min-SNR*, 2023; ours does
not let the noisiest steps, in which it is decided what is played, count for nothing)."""


def divergence(mean: Tensor, spread: Tensor) -> Tensor:
    """Kullback-Leibler from the unit Gaussian, a latent's number; of mean and log variance."""
    return 0.5 * (mean.square() + spread.exp() - 1.0 - spread).mean()


def drawn(mean: Tensor, spread: Tensor) -> Tensor:
    return mean + torch.randn_like(mean) * (0.5 * spread).exp()


def moments_of(moved: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.int64]:
    """(MOMENTS,) latents at which a window's amplitude (T,) peaks, the largest peaks first; the rest is spread evenly
    where there are fewer."""
    smooth = np.convolve(moved, np.hanning(7), mode="same")
    peaks = np.nonzero((smooth[1:-1] > smooth[:-2]) & (smooth[1:-1] >= smooth[2:]))[0] + 1
    chosen: list[int] = []
    for peak in peaks[np.argsort(-smooth[peaks], kind="stable")]:
        if len(chosen) < MOMENTS and all(abs(peak - other) >= APART for other in chosen):
            chosen.append(int(peak))
    spread = np.linspace(0, len(moved) - 1, MOMENTS + 2)[1:-1].astype(int)
    chosen += list(spread[: MOMENTS - len(chosen)])
    return np.array(chosen, dtype=np.int64) // COMPRESSION


def contrast(music: Tensor, motion: Tensor, moments: Tensor, temperature: float) -> Tensor:
    """InfoNCE both ways (A. van den Oord et al., 2018) of what music and motion are around moments: latents max-pooled,
    compared by the angle, all other moments of the batch being wrong answers.

    Args:
        music, motion: (B, N, C) latents; moments: (B, M) latents.
    """
    pooled = [functional.normalize(_around(z, moments).flatten(0, 1), dim=-1) for z in (music, motion)]
    likeness = pooled[0] @ pooled[1].T / temperature
    own = torch.arange(len(likeness), device=likeness.device)
    return 0.5 * (functional.cross_entropy(likeness, own) + functional.cross_entropy(likeness.T, own))


def _around(z: Tensor, moments: Tensor) -> Tensor:
    """(B, M, C) the largest of the latents around."""
    pooled = functional.max_pool1d(z.transpose(1, 2), 2 * AROUND + 1, stride=1, padding=AROUND).transpose(1, 2)
    return pooled.gather(1, moments.clamp(0, z.shape[1] - 1)[..., None].expand(-1, -1, z.shape[-1]))


def judged(critic: nn.Module, real: Tensor, made: Tensor) -> tuple[Tensor, Tensor]:
    """The critic's own loss (hinge), and what it takes exception to in ``made``; each moves one side only."""
    own = functional.relu(1.0 - critic(real)).mean() + functional.relu(1.0 + critic(made.detach())).mean()
    held = {name: value.detach() for name, value in critic.named_parameters()}
    return own, -torch.func.functional_call(critic, held, (made,)).mean()


def step_weight(step: Tensor) -> Tensor:
    """(B,) how much a step of the noise counts."""
    power = signal().to(step.device)[step]
    weight = (power / (1.0 - power)).clamp(*SNR)
    return weight / 2.0
