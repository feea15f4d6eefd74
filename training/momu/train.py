# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Trains one stage of MoMu (by ``training.loop``).

Each stage writes one file with what the stages before it learned and what it learned itself; the last one's is
complete.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor

from plugins.api.checkpoint import Checkpoint
from plugins.momu.checkpoint import VERSION, Weights, load_weights
from training import loop
from training.config_files import ConfigError, read_arguments
from training.momu.config import MomuRun
from training.momu.material import Material, Piece, material
from training.momu.stages import config_of, stage_of
from training.revision import git_revision
from training.run_state import STARTED_FROM, launched, tensors_sha256

VALIDATION: Final = 8
"""Batches."""


def train(config: MomuRun, read: Material | None = None) -> Path:
    """Run, or go on with, the stage that ``config`` describes; returns the file of the weights.

    Args:
        read: what it reads, where that is in memory already.

    Raises:
        ConfigError, ClipsError, DanceError, CheckpointError: with what is wrong.
    """
    fabric = launched(config.machine)
    read = read or material(config)
    before = load_weights(config.start) if config.start else None
    if before is not None and "motion" in before.configs and config.stage != "motion-vae":
        read = _as_before(read, before)
    training = _Stage(config, read, before)
    facts = {"windows": len(training.rows)}
    same = {**config.same_run(), STARTED_FROM: _digest(before)}
    return loop.run(training, config, fabric, config.steps, read.card, same, **facts)


def _digest(before: Weights | None) -> str:
    if before is None:
        return ""
    return tensors_sha256({f"{part}.{name}": v for part, found in before.tensors.items() for name, v in found.items()})


def _as_before(read: Material, before: Weights) -> Material:
    """On the scale that the autoencoder was trained on; ConfigError when it is of another body."""
    assert before.body is not None
    assert before.scale is not None
    same = (before.body.joints, before.body.rigid, before.classes) == (read.body.joints, read.body.rigid, read.classes)
    if not same:
        raise ConfigError("start is of another body or other classes than what is read; start from its own motion-vae")
    return replace(read, body=before.body, scale=before.scale, intensity=before.intensity)


class _Stage(loop.Training):
    """A stage in training."""

    weights_file = "momu.safetensors"
    keeps_best = False

    def __init__(self, config: MomuRun, read: Material, before: Weights | None) -> None:
        stage = stage_of(config, read, before)
        super().__init__(f"momu-{config.stage}-training", VERSION, stage, config.schedule, config.average)
        self.config, self.read, self.before = config, read, before
        self.rows = read.windows("train", config.window)
        # Dances have no such split: theirs are the training windows, and tell how far it has come, no more.
        self._valid = read.windows("valid", config.window) or self.rows
        if len(self.rows) < config.batch:
            raise ConfigError(f"there are {len(self.rows)} windows to train on; batch ({config.batch}) must be no more")

    def step(self, network: Any, step: int, fabric: Fabric) -> tuple[Tensor, dict[str, float]]:
        rng = np.random.default_rng([self.config.seed, step, fabric.global_rank])
        found: tuple[Tensor, dict[str, float]] = network(self.batch(self.rows, rng, fabric.device))
        return found

    def batch(self, rows: list[tuple[Piece, int]], rng: np.random.Generator, device: torch.device) -> dict[str, Tensor]:
        """Windows by lot; of a body that travels, facing anywhere."""
        chosen = [rows[i] for i in rng.integers(0, len(rows), self.config.batch)]
        turning = rng if self.config.turning and self.read.body.travels else None
        arrays = self.read.batch(chosen, self.config.window, turning)
        return {name: torch.from_numpy(value).to(device) for name, value in arrays.items()}

    def validate(self, fabric: Fabric) -> float:
        """Mean loss of the averaged weights over windows, steps and noise that are always the same."""
        stage = self._averaged().to(fabric.device)
        losses = []
        with torch.no_grad():
            for i in range(VALIDATION):
                torch.manual_seed(i)
                losses.append(stage(self.batch(self._valid, np.random.default_rng([9, i]), fabric.device))[0].item())
        return float(np.mean(losses))

    def weights(self) -> Checkpoint:
        """The averaged weights with those of the stages before."""
        stage = self._averaged()
        if self.config.stage.endswith("-vae"):
            stage.network.latents.fit(self._latents(stage))
        tensors = {name: value.cpu().numpy() for name, value in stage.network.state_dict().items()}
        made = self.config.model_dump(mode="json", exclude={"clips", "output", "machine", "start"})
        base = (self.before or Weights({}, {})).until(self.config.stage)
        base = replace(base, data_card=self.read.card, revision=git_revision())
        if self.config.stage == "motion-vae":
            read = self.read
            known = {name: getattr(read, name) for name in ("body", "scale", "classes", "intensity", "grip")}
            base = replace(base, **known)
        return base.with_part(stage.part, config_of(stage), tensors, made).packed()

    def _latents(self, stage: Any) -> Tensor:
        """(N, latent) of windows by lot."""
        rng, device = np.random.default_rng(0), next(stage.parameters()).device
        with torch.no_grad():
            found = [stage.raw(self.batch(self.rows, rng, device)) for _ in range(VALIDATION)]
        return torch.cat(found).flatten(0, 1)

    def _averaged(self) -> Any:
        stage = stage_of(self.config, self.read, self.before)
        stage.load_state_dict(self.averaged)
        return stage.eval()


if __name__ == "__main__":
    train(read_arguments(MomuRun, sys.argv[1:]))
