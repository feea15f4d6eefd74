# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Trains A2M (by ``training.loop``).

python -m training.train_a2m training/configs/a2m_violin.yaml
torchrun --nproc_per_node 2 -m training.train_a2m training/configs/a2m_violin.yaml machine.devices=2
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from lightning_fabric import Fabric
from torch import Tensor
from torch.nn import functional

from plugins.a2m.checkpoint import VERSION, Weights, pack
from plugins.a2m.model import Network
from plugins.a2m.targets import Normaliser
from plugins.api.checkpoint import Checkpoint
from training import loop
from training.a2m_clips import Clips
from training.a2m_config import TrainConfig
from training.a2m_sway import add_sway
from training.config_files import ConfigError, read_arguments
from training.folds import training_windows, validation_windows
from training.losses import compound_loss, point_loss, printed_compound_loss
from training.report.contestants import EvaluateError
from training.report.training_film import film_of
from training.revision import git_revision
from training.run_state import launched

FILMS: Final = "films"
"""Folder of the films that each validation makes."""
SAMPLE_ROWS: Final = 200_000
"""Frames of the training clips, evenly taken, that the normaliser is fitted to."""


def train(config: TrainConfig) -> Path:
    """Run, or go on with, the training that ``config`` describes; returns the file of the weights.

    Raises:
        ConfigError, ClipsError, CheckpointError: with what is wrong.
    """
    fabric = launched(config.machine)
    clips = Clips.open(config.clips, config.instrument)
    windows = training_windows(clips, config)
    if len(windows) < config.batch or config.batch % fabric.world_size:
        raise ConfigError(
            f"{config.clips} has {len(windows)} windows to train on; batch ({config.batch}) must be no more, "
            f"and a multiple of the {fabric.world_size} devices"
        )
    training = _Playing(config, clips, _fitted(clips, config), _new_network(config), windows)
    total = math.ceil(config.epochs * len(windows) / config.batch)
    total = min(total, config.max_steps or total)
    facts: dict[str, Any] = {"windows": len(windows)}
    if not len(validation_windows(clips, config)):
        facts["warning"] = (
            "nothing is left for the validation, and the last weights are kept; an hour of music has some"
        )
    path = loop.run(training, config, fabric, total, clips.card_sha256, config.same_run(), **facts)
    if config.sway and fabric.is_global_zero:
        add_sway(path, clips, config.instrument)
    return path


@dataclass
class Batch:
    """Tensors of B windows: audio (B, T, 128), score (B, T, 10) or None, points (B, T, S) on the
    model's scale, strokes (B, T, 3) or None."""

    audio: Tensor
    score: Tensor | None
    points: Tensor
    strokes: Tensor | None


class _Playing(loop.Training):
    """A2M in training, on its clips."""

    weights_file = "a2m.safetensors"

    def __init__(
        self,
        config: TrainConfig,
        clips: Clips,
        normaliser: Normaliser,
        network: Network,
        windows: npt.NDArray[np.int64],
    ) -> None:
        super().__init__("a2m-training", VERSION, network, config.schedule, config.average)
        self.config, self.clips, self.normaliser, self._windows = config, clips, normaliser, windows

    def step(self, network: Any, step: int, fabric: Fabric) -> tuple[Tensor, dict[str, float]]:
        rows = _batch_rows(self._windows, self.config, step)[fabric.global_rank :: fabric.world_size]
        return self.loss(network, self.batch(rows, fabric.device))

    def batch(self, rows: npt.NDArray[np.int64], device: torch.device) -> Batch:
        """The windows that begin at these rows."""
        config, clips = self.config, self.clips
        cuts = [slice(int(row), int(row) + config.window) for row in rows]

        def stacked(parts: Iterator[npt.NDArray[Any]]) -> Tensor:
            return torch.from_numpy(np.stack([np.asarray(p, dtype=np.float32) for p in parts])).to(device)

        for cut in cuts:
            clips.check_heard(cut, score=config.score)
        return Batch(
            audio=stacked(clips.audio[cut] for cut in cuts),
            score=stacked(clips.score[cut] for cut in cuts) if config.score else None,
            points=stacked(self.normaliser.normalise(clips.points(cut, config.targets)) for cut in cuts),
            strokes=stacked(clips.strokes[cut] for cut in cuts) if config.strokes else None,
        )

    def loss(self, network: Any, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """What is made small, and its terms for the log."""
        config = self.config
        answer = network(batch.audio, batch.score).float()
        points = answer[..., : sum(config.parts)]
        if not config.compound_loss:
            of_points = point_loss(points, batch.points)
        else:
            compound = printed_compound_loss if config.loss.printed else compound_loss
            of_points = compound(points, batch.points, config.parts, config.loss.part_scales)
        total, terms = of_points, {"points": of_points.item()}
        if batch.strokes is not None:
            said = answer[..., sum(config.parts) :]
            moving = functional.mse_loss(said[..., :2], batch.strokes[..., :2])
            turning = functional.binary_cross_entropy_with_logits(said[..., 2], batch.strokes[..., 2])
            total = total + config.loss.strokes * moving + config.loss.turns * turning
            terms |= {"moving": moving.item(), "turning": turning.item()}
        return total, {"loss": total.item(), **terms}

    def validate(self, fabric: Fabric) -> float:
        """Mean loss of the averaged weights over the windows of the validation."""
        config = self.config
        rows = validation_windows(self.clips, config)
        network = Network(config.network).to(fabric.device).eval()
        network.load_state_dict(self.averaged)
        losses = []
        with torch.no_grad():
            for first in range(0, len(rows), config.batch):
                batch = self.batch(rows[first : first + config.batch], fabric.device)
                losses += [self.loss(network, batch)[0].item()] * len(batch.audio)
        return float(np.mean(losses)) if losses else math.inf

    def weights(self) -> Checkpoint:
        """The averaged weights, for use."""
        config = self.config
        return pack(
            config.network,
            config.targets,
            self.normaliser,
            self.average(),
            strokes=config.strokes,
            window=config.window,
            grip=self.grip,
            training=config.model_dump(mode="json", exclude={"clips", "output", "machine"}),
            data_card=self.clips.card_sha256,
            revision=git_revision(),
            instrument=config.instrument,
        )

    def validated(self, folder: Path, step: int) -> dict[str, Any]:
        return {"film": self.film(folder, step)} if self.config.film else {}

    def film(self, folder: Path, step: int) -> str:
        """A film of the averaged weights as they are now, or why there is none: no reason to end a run."""
        config = self.config
        now = Weights(
            config.network,
            config.targets,
            self.normaliser,
            config.strokes,
            config.window,
            self.grip,
            self.average(),
        )
        try:
            path = film_of(now, self.clips, folder / FILMS / f"{step:06d}.mp4", f"step {step}")
        except EvaluateError as error:
            return str(error)
        return path.relative_to(folder).as_posix()

    @cached_property
    def grip(self) -> npt.NDArray[np.float64] | None:
        return self.clips.grip()


def _new_network(config: TrainConfig) -> Network:
    torch.manual_seed(config.seed)
    return Network(config.network)


def _fitted(clips: Clips, config: TrainConfig) -> Normaliser:
    recordings = clips.split("train")
    every = max(1, sum(r.frames for r in recordings) // SAMPLE_ROWS)
    points = np.concatenate([clips.points(r.rows, config.targets)[::every] for r in recordings])
    return Normaliser.fit(points, config.parts)


def _batch_rows(windows: npt.NDArray[np.int64], config: TrainConfig, step: int) -> npt.NDArray[np.int64]:
    """The windows of a step: each epoch is a shuffle of its own, read on without gaps."""
    places = np.arange(step * config.batch, (step + 1) * config.batch)
    epochs, within = places // len(windows), places % len(windows)
    orders = {e: np.random.default_rng([config.seed, int(e)]).permutation(len(windows)) for e in np.unique(epochs)}
    return windows[[orders[e][i] for e, i in zip(epochs, within, strict=True)]]


if __name__ == "__main__":
    train(read_arguments(TrainConfig, sys.argv[1:]))
