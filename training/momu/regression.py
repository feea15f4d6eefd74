# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The transformer of A2M on dances: what one answer to the sound, the mean of all, is worth.

Network and compound loss are A2M's (``plugins.a2m.model``, ``training.losses``), with a branch each for what is right,
left, in the middle, and for how the dancer travels. It hears the same spectrogram, and answers with places in the
dancer's own frame (``facing``), because no sound tells where in the room and which way: with places in the room it
would answer with a heap in the middle. Bones are as long as they come out; A2M's inverse kinematics are made for
violinists.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from plugins.a2m.config import ModelConfig
from plugins.a2m.model import Network
from plugins.a2m.targets import Normaliser
from plugins.a2m.windows import in_windows
from plugins.api import Skeleton
from training.losses import compound_loss
from training.metrics import Floats
from training.momu.dance_clips import DanceClip
from training.momu.facing import TRAVEL, apart, together

Places = npt.NDArray[np.floating[Any]]
Predict = Callable[[Places], npt.NDArray[np.float32]]
"""(T, 128) log-mel -> (T, J, 3) metres, from the middle of the room."""
SAID: Final = 8
"""Windows that are answered at once."""
MODEL: Final = ModelConfig(score_features=0, audio_width=80, score_width=0, positions="rotary")
"""A2M's own sizes, for one that hears only."""


@dataclass(frozen=True)
class RegressionConfig:
    """How the baseline is trained: Adam, a cosine from ``rate`` to 0 after ``warm`` steps."""

    steps: int = 300
    batch: int = 6
    window: int = 240
    rate: float = 1e-3
    warm: int = 50
    clip: float = 1.0
    seed: int = 0
    model: ModelConfig = MODEL


@dataclass(frozen=True)
class _Layout:
    """Columns of what the network answers: joints of each part of the body, then how the dancer travels."""

    parts: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, skeleton: Skeleton) -> _Layout:
        sides = ("right_", "left_")
        found = [tuple(i for i, joint in enumerate(skeleton.joints) if joint.startswith(side)) for side in sides]
        middle = tuple(i for i, joint in enumerate(skeleton.joints) if not joint.startswith(sides))
        return cls(tuple(part for part in (*found, middle) if part))

    @property
    def branches(self) -> tuple[int, ...]:
        return (*(3 * len(part) for part in self.parts), TRAVEL)

    @property
    def scales(self) -> tuple[int, ...]:
        """Numbers that are scaled alike: walking in metres, turning in radians."""
        return (*self.branches[:-1], TRAVEL - 1, 1)

    @property
    def order(self) -> list[int]:
        return [joint for part in self.parts for joint in part]

    def answer(self, clip: DanceClip) -> Floats:
        """(T, S) what the network should say of a dance."""
        own, travel = apart(clip.places, clip.skeleton)
        return np.concatenate([own[:, self.order].reshape(len(own), -1), travel], axis=1)

    def places(self, said: Floats) -> npt.NDArray[np.float32]:
        """(T, J, 3) of (T, S)."""
        own = said[:, :-TRAVEL].reshape(len(said), -1, 3)[:, np.argsort(self.order)]
        return together(own, said[:, -TRAVEL:])


def train_regression(
    clips: Sequence[DanceClip], config: RegressionConfig | None = None, step: Callable[[int, float], None] | None = None
) -> Predict:
    """Trains on these dances, all but the held-out ones, and answers with what dances.

    Args:
        step: called after each step with its number and its loss.
    """
    config = config or RegressionConfig()
    layout = _Layout.of(clips[0].skeleton)
    answers = [layout.answer(clip) for clip in clips]
    normaliser = Normaliser.fit(np.concatenate(answers), layout.scales)
    scaled = [normaliser.normalise(answer) for answer in answers]
    torch.manual_seed(config.seed)
    network = Network(config.model.model_copy(update={"branches": layout.branches})).train()
    optimizer = torch.optim.Adam(network.parameters(), lr=config.rate)
    rng = np.random.default_rng(config.seed)
    length = min(config.window, *(len(clip) for clip in clips))
    for at in range(config.steps):
        for group in optimizer.param_groups:
            group["lr"] = _rate(config, at)
        heard, true = _batch(clips, scaled, length, config.batch, rng)
        loss = compound_loss(network(heard), true, layout.branches, [1.0] * len(layout.branches))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), config.clip)
        optimizer.step()
        if step is not None:
            step(at, loss.item())
    return _predictor(network.eval(), normaliser, layout, length)


def _rate(config: RegressionConfig, at: int) -> float:
    warm = min(1.0, (at + 1) / max(config.warm, 1))
    return config.rate * warm * 0.5 * (1.0 + math.cos(math.pi * at / config.steps))


def _batch(
    clips: Sequence[DanceClip], scaled: Sequence[Places], length: int, count: int, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Windows from anywhere: each frame that can begin one is as likely as any other."""
    rooms = np.array([len(clip) - length + 1 for clip in clips])
    heard, true = [], []
    for i in rng.choice(len(clips), count, p=rooms / rooms.sum()):
        first = int(rng.integers(rooms[i]))
        heard.append(clips[i].heard[first : first + length])
        true.append(scaled[i][first : first + length])
    return torch.from_numpy(np.stack(heard)).float(), torch.from_numpy(np.stack(true)).float()


def _predictor(network: Network, normaliser: Normaliser, layout: _Layout, length: int) -> Predict:
    def predict(heard: Places) -> npt.NDArray[np.float32]:
        given = np.asarray(heard, dtype=np.float32)

        def answer(spans: list[tuple[int, int]]) -> npt.NDArray[np.float32]:
            with torch.inference_mode():
                windows = torch.from_numpy(np.stack([given[first:last] for first, last in spans]))
                return np.asarray(network(windows).numpy(), dtype=np.float32)

        said = np.concatenate(list(in_windows(answer, len(given), length, SAID)))
        return layout.places(normaliser.metres(said))

    return predict


class Regression:
    """A contestant: a network for each fold, trained when it is first asked for."""

    def __init__(self, known: Sequence[Sequence[DanceClip]], config: RegressionConfig | None = None) -> None:
        self._known, self._config = known, config
        self._found: dict[int, Predict] = {}

    def __call__(self, clip: DanceClip, fold: int, seed: int) -> Places:
        del seed
        if fold not in self._found:
            self._found[fold] = train_regression(self._known[fold], self._config)
        return self._found[fold](clip.heard)
