# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Latents out of noise. Imports torch: only ``load()`` and the training do.

What is told is looked at once. Each step of the noise asks for the clean latents with and without it, in one batch,
and goes on from both (classifier-free guidance, J. Ho & T. Salimans, 2022). Music longer than a window is cut into
windows that share half of their latents and are denoised together: in each step their answers are averaged (O. Bar-Tal
et al., *MultiDiffusion*, 2023), so that there is one sample without seams, and memory grows with the length alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from plugins.api.overlap import window_starts
from plugins.momu.config import STEPS, Ask
from plugins.momu.model import Denoiser, Wish
from plugins.momu.schedule import noised, scheduler

AT_ONCE: Final = 16
"""Windows (with and without what is told) that go through the network together."""
FARTHEST: Final = 4.0
"""Deviations beyond which no clean latent is: guidance may ask for more."""
RESCALED: Final = 0.7
"""How far a guided estimate gets the spread of the unguided one (S. Lin et al., 2024): guidance exaggerates."""

Pull = Callable[[Tensor, float], Tensor]
"""Clean latents, and how far through the noise they are (0 to 1), to latents as they should be."""


def noise(count: int, latent: int, seed: int | list[int]) -> Tensor:
    """(1, count, latent) the same on every device; a longer one begins with the shorter one."""
    drawn = np.random.default_rng(seed).standard_normal((1, count, latent), dtype=np.float32)
    return torch.from_numpy(drawn)


def steps_of(ask: Ask, strength: float) -> tuple[Any, list[Tensor]]:
    """The solver, and the steps that are left when only part of the noise is put on."""
    solver = scheduler()
    solver.set_timesteps(ask.steps)
    every = list(solver.timesteps)
    first = min(round((1.0 - strength) * len(every)), len(every) - 1)
    solver.set_begin_index(first)
    return solver, every[first:]


class Sampler:
    """One denoiser at work."""

    def __init__(self, network: Denoiser) -> None:
        self.network = network

    @property
    def device(self) -> torch.device:
        return self.network.nothing.device

    def look(self, seen: Tensor, latent: Tensor) -> Tensor:
        """What is told (1, 4 N, seen), (1, N, seen_latent), looked at."""
        return self.network.look(seen, latent)

    def run(
        self,
        looked: Tensor | None,
        begin: Tensor,
        wish: Wish,
        ask: Ask,
        *,
        start: Tensor | None = None,
        strength: float = 1.0,
        pull: Pull | None = None,
    ) -> Iterator[Tensor]:
        """The estimates of the clean latents (1, N, latent), step by step; the last one is the sample.

        Args:
            looked: of ``look``; None when nothing is told.
            begin: (1, N, latent) of ``noise``.
            start: clean latents to begin from, with ``strength`` of the noise on them.
            pull: changes each estimate.
        """
        solver, steps = steps_of(ask, strength if start is not None else 1.0)
        x = begin.to(self.device)
        if start is not None:
            x = noised(start, x, steps[0][None].to(self.device))
        for i, step in enumerate(steps):
            clean = self.estimate(x, step, looked, wish, ask.guidance)
            if pull is not None:
                clean = pull(clean, (i + 1) / len(steps))
            x = solver.step(clean, step, x).prev_sample
            yield clean if i + 1 < len(steps) else x

    def estimate(self, x: Tensor, step: Tensor, looked: Tensor | None, wish: Wish, guidance: float) -> Tensor:
        """Clean latents (1, N, latent) of noisy ones."""
        told, untold = self._both(x, step, looked, wish, guidance)
        guided = told if untold is None else untold + guidance * (told - untold)
        if untold is not None and guidance > 1.0:
            before, after = (z.std(dim=1, keepdim=True, correction=0) for z in (told, guided))
            spread = torch.where(after > 1e-4, before / after.clamp(min=1e-4), 1.0)
            guided = guided * (RESCALED * spread.clamp(max=1.0) + 1.0 - RESCALED)
        return guided.clamp(-FARTHEST, FARTHEST)

    def _both(
        self, x: Tensor, step: Tensor, looked: Tensor | None, wish: Wish, guidance: float
    ) -> tuple[Tensor, Tensor | None]:
        """With what is told, and without; the latter only where it is needed."""
        blind = self.network.blind(1, x.shape[1])
        if looked is None or guidance == 0.0:
            return self._in_windows(x, step, blind, wish), None
        if guidance == 1.0:
            return self._in_windows(x, step, looked, wish), None
        none = Wish(torch.full_like(wish.style, self.network.config.styles), torch.full_like(wish.intensity, torch.nan))
        both = Wish(torch.cat([wish.style, none.style]), torch.cat([wish.intensity, none.intensity]))
        found = self._in_windows(x.expand(2, -1, -1), step, torch.cat([looked, blind]), both)
        return found[:1], found[1:]

    def _in_windows(self, x: Tensor, step: Tensor, looked: Tensor, wish: Wish) -> Tensor:
        length, count, kinds = self.network.config.window, x.shape[1], len(x)
        if count <= length:
            return self._ask(x, step, looked, wish)
        starts = window_starts(count, length)
        rows = [(kind, start) for start in starts for kind in range(kinds)]
        weight = torch.hann_window(length + 2, periodic=False, device=x.device)[1:-1, None] + 1e-3
        total, counted = torch.zeros_like(x), x.new_zeros(1, count, 1)
        for first in range(0, len(rows), AT_ONCE):
            part = rows[first : first + AT_ONCE]
            cut = (torch.stack([t[kind, s : s + length] for kind, s in part]) for t in (x, looked))
            noisy, told = cut
            kind_of = torch.tensor([kind for kind, _ in part], device=x.device)
            answers = self._ask(noisy, step, told, Wish(wish.style[kind_of], wish.intensity[kind_of]))
            for (kind, start), answer in zip(part, answers, strict=True):
                total[kind, start : start + length] += answer * weight
        for start in starts:
            counted[:, start : start + length] += weight
        return total / counted

    def _ask(self, x: Tensor, step: Tensor, looked: Tensor, wish: Wish) -> Tensor:
        steps = step.to(x.device).expand(len(x))
        with torch.autocast(x.device.type, torch.bfloat16, enabled=x.device.type == "cuda"):
            return self.network(x, steps, looked, wish).float()


def together(
    motion: Sampler,
    music: Sampler,
    begin: tuple[Tensor, Tensor],
    wish: Wish,
    ask: Ask,
    shown: tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]],
    crossing: float = 0.5,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Motion and music out of noise, each told the other (cross-guidance, F. You et al., 2024): neither is told
    anything while there is more noise than ``crossing`` of the steps, then each is told what the other's clean latents
    seem to be.

    Args:
        begin: noise of motion and of music. shown: frames (1, 4 N, F) of latents, of motion and of music.
    """
    none = Wish(torch.full_like(wish.style, music.network.config.styles), torch.full_like(wish.intensity, torch.nan))
    solvers = [steps_of(ask, 1.0) for _ in range(2)]
    x, y = (b.to(motion.device) for b in begin)
    seen: tuple[Tensor, Tensor] | None = None
    for step in solvers[0][1]:
        looked: tuple[Tensor | None, Tensor | None] = (None, None)
        if seen is not None and float(step) <= crossing * STEPS:
            looked = motion.look(shown[1](seen[1]), seen[1]), music.look(shown[0](seen[0]), seen[0])
        first = motion.estimate(x, step, looked[0], wish, ask.guidance)
        second = music.estimate(y, step, looked[1], none, ask.guidance)
        seen = (first, second)
        x, y = (solver.step(c, step, n).prev_sample for (solver, _), c, n in zip(solvers, seen, (x, y), strict=True))
        yield seen
    yield x, y
