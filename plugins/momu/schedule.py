# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""How much noise there is in which step, in training and in use the same: diffusers' scheduler."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor

from plugins.momu.config import STEPS


def scheduler() -> Any:
    """DPM-Solver++ (C. Lu et al., 2022) of the second order, for networks that answer with clean samples."""
    from diffusers import DPMSolverMultistepScheduler

    return DPMSolverMultistepScheduler(
        num_train_timesteps=STEPS,
        beta_schedule="squaredcos_cap_v2",
        prediction_type="sample",
        solver_order=2,
        algorithm_type="dpmsolver++",
        lambda_min_clipped=-5.1,  # this schedule begins with hardly any signal at all
    )


@cache
def signal() -> Tensor:
    """(STEPS,) part of a noisy sample's power that is the clean one (A. Nichol & P. Dhariwal's cosine, 2021)."""
    return torch.as_tensor(scheduler().alphas_cumprod, dtype=torch.float32)


def noised(clean: Tensor, noise: Tensor, step: Tensor) -> Tensor:
    """Clean latents (B, N, C) with the noise of each one's step (B,)."""
    power = signal().to(clean.device)[step][:, None, None]
    return power.sqrt() * clean + (1.0 - power).sqrt() * noise
