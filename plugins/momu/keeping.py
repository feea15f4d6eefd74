# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What an animator keeps (frames, joints, poses, ranges), pulled into the sample while it is made.

Latents of stretches that are kept whole are put in as they are. Whatever else is kept (a pose in one frame, a part of
the body) is reached through the decoder: the latents are moved, by a few steps of Adam, until the joints come out where
they are kept; what they do in between follows from the decoder and from the next steps of the noise. What is then left
of a few millimetres, ``plugins.api.kept`` takes off. Imports torch: only ``load()`` does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import torch
from torch import Tensor

from plugins.momu.config import COMPRESSION
from plugins.momu.kept import Kept

RATE: Final = 0.12
"""Deviations of a latent that Adam moves in a step, at most."""
TIMES: Final = 5
"""Steps of Adam in each step of the noise."""
FINALLY: Final = 80
"""Steps of Adam at the end."""
REACH: Final = 8
"""Latents around what is kept that are moved: farther off the decoder does not look."""
STAY: Final = 0.00005
"""What it costs, in square metres, to move a latent by a deviation."""
SUDDEN: Final = 10.0
"""What a square metre of the second difference, from frame to frame, of what is added to the joints costs: what is
added to a performance must not shake it."""


class Puller:
    """Pulls clean latents to what is kept; a ``sampling.Pull``.

    Args:
        places: (1, T, J, 3) joints of latents (1, N, latent), with gradients.
        given: (1, N, latent) latents of the given motion, for the stretches that are kept whole.
        travels: whether where a body is depends on all that it did before.
    """

    def __init__(self, kept: Kept, places: Callable[[Tensor], Tensor], given: Tensor, travels: bool) -> None:
        self._places, self._given = places, given
        device = given.device
        self._weight = torch.from_numpy(kept.weight).float().to(device)[None, ..., None]
        self._target = torch.from_numpy(np.nan_to_num(kept.places)).float().to(device)[None]
        whole = kept.whole_latents()
        self._whole = torch.from_numpy(whole).to(device)[None, :, None]
        self._spans = [(0, len(whole))] if travels and not whole.all() else kept.pulled(REACH)

    def __call__(self, clean: Tensor, done: float) -> Tensor:
        clean = torch.where(self._whole, self._given, clean)
        for first, end in self._spans:
            clean[:, first:end] = self._moved(clean[:, first:end], first, FINALLY if done >= 1.0 else TIMES)
        return clean

    def _moved(self, clean: Tensor, first: int, times: int) -> Tensor:
        """Latents from ``first`` on, moved."""
        frames = slice(COMPRESSION * first, COMPRESSION * (first + clean.shape[1]))
        weight, target = self._weight[:, frames], self._target[:, frames]
        free = (~self._whole[:, first : first + clean.shape[1]]).float()
        fixed = clean.detach().clone()
        with torch.no_grad():
            before = self._places(fixed)
        with torch.enable_grad():
            move = torch.zeros_like(fixed, requires_grad=True)
            optimizer = torch.optim.Adam([move], lr=RATE)
            for _ in range(times):
                optimizer.zero_grad()
                places = self._places(fixed + move * free)
                off, shaken = (places - target) * weight, (places - before).diff(n=2, dim=1)
                loss = off.square().sum() + STAY * move.square().sum() + SUDDEN * shaken.square().sum()
                loss.backward()
                optimizer.step()
        return fixed + (move * free).detach()
