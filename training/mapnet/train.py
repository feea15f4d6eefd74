# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Trains the networks that repair motion (by ``training.loop``)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from plugins.api.checkpoint import Checkpoint
from plugins.mapnet.checkpoint import EARS, VERSION, pack
from plugins.mapnet.config import PAPER_FPS
from plugins.mapnet.model import network_of
from plugins.mapnet.repair import FLOOR
from training import loop
from training.config_files import ConfigError
from training.mapnet.batches import Batch, Known, PaperBatch, our_batch, paper_batch
from training.mapnet.config import MapNetRun
from training.mapnet.habits import fit_habit, fit_usual
from training.mapnet.takes import Takes, ears
from training.revision import git_revision
from training.run_state import launched

VALIDATION: Final = 24
"""Batches."""


def train(config: MapNetRun) -> Path:
    """Run, or go on with, the training that ``config`` describes; returns the file of the weights.

    Raises:
        ConfigError, ClipsError, CheckpointError: with what is wrong.
    """
    fabric = launched(config.machine)
    takes = Takes.open(config.takes, paper=config.network != "ours")
    torch.manual_seed(config.seed)
    training = _Repairing(config, takes)
    facts = {"recordings": len(training.rows)}
    return loop.run(training, config, fabric, config.steps, takes.card_sha256, config.same_run(), **facts)


class _Repairing(loop.Training):
    """A network that repairs, in training."""

    weights_file = "mapnet.safetensors"

    def __init__(self, config: MapNetRun, takes: Takes) -> None:
        super().__init__("mapnet-training", VERSION, network_of(config.mapnet), config.schedule, config.average)
        self.config, self._takes, self._model = config, takes, config.mapnet
        self.rows = self._long(takes.split("train"))
        if not self.rows:
            raise ConfigError(
                f"{config.takes} has no take of {2 * config.window / PAPER_FPS:.0f} s to train on; make window "
                f"({config.window} frames) smaller, or simulate more hours"
            )
        self._valid = self._long(takes.split("valid")) or self.rows
        self.known = Known(fit_habit(takes, self.rows, config.seed), fit_usual(takes, self.rows, config.seed))
        # What moves more is what can be repaired: the bow arm counts most.
        moved = np.sqrt(self.known.habit.amplitude)
        self._weights = torch.from_numpy((moved / moved.mean()).astype(np.float32))

    def _long(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [r for r in rows if r["frames"] >= 2 * self.config.window]

    def batch(self, rows: list[dict[str, Any]], rng: np.random.Generator) -> Batch | PaperBatch:
        """Windows of takes, longer ones more often."""
        frames = np.array([r["frames"] for r in rows], dtype=float)
        chosen = [rows[i] for i in rng.choice(len(rows), self.config.batch, p=frames / frames.sum())]
        if self._model.kind == "ours":
            return our_batch(self._takes, chosen, self.config.window, self.known, self.config.silence, rng)
        return paper_batch(self._takes, chosen, self.config.rate, self._model.frames_in, rng)

    def step(self, network: Any, step: int, fabric: Fabric) -> tuple[Tensor, dict[str, float]]:
        rng = np.random.default_rng([self.config.seed, step, fabric.global_rank])
        return self.loss(network, self.batch(self.rows, rng), fabric.device)

    def loss(
        self, network: nn.Module, batch: Batch | PaperBatch, device: torch.device
    ) -> tuple[Tensor, dict[str, float]]:
        """What is made small, and its terms for the log."""
        if isinstance(batch, PaperBatch):
            said = network(torch.from_numpy(batch.pose).to(device), torch.from_numpy(batch.sound).to(device))
            error = (said.float() - torch.from_numpy(batch.truth).to(device)).norm(dim=-1).mean()
            return error, {"loss": error.item()}
        looks, sound, places, deviations, truth = (
            torch.from_numpy(getattr(batch, name)).to(device)
            for name in ("looks", "sound", "places", "deviations", "truth")
        )
        said, expected = network(looks, sound)
        return self._ours(said.float(), expected.float(), places, deviations, truth)

    def _ours(
        self, said: Tensor, expected: Tensor, places: Tensor, deviations: Tensor, truth: Tensor
    ) -> tuple[Tensor, dict[str, float]]:
        unit = (deviations + FLOOR) / self._weights.to(deviations.device)
        off = (places + said * deviations[..., None] - truth) / unit[..., None]
        weights = self.config.loss
        place = _length(off).mean()
        velocity = _length(off.diff(dim=1)).mean()
        acceleration = _length(off.diff(n=2, dim=1)).mean()
        # Of an error whose size is distributed exponentially, its mean is the likeliest when this is least.
        size = _length(off).detach() / self._weights.to(deviations.device)
        confidence = (size * torch.exp(-expected) + expected).mean()
        total = place + weights.velocity * velocity + weights.acceleration * acceleration
        smoother = _length((places - truth) / unit[..., None]).mean()
        terms = {"loss": total.item(), "place": place.item(), "smoother": smoother.item()}
        return total + weights.confidence * confidence, {**terms, "confidence": confidence.item()}

    def validate(self, fabric: Fabric) -> float:
        """Mean loss of the averaged weights over windows that are always the same."""
        network = network_of(self._model).to(fabric.device).eval()
        network.load_state_dict(self.averaged)
        with torch.no_grad():
            losses = [self.loss(network, batch, fabric.device)[0].item() for batch in self._validation()]
        return float(np.mean(losses)) if losses else math.inf

    def _validation(self) -> Iterator[Batch | PaperBatch]:
        for i in range(VALIDATION):
            yield self.batch(self._valid, np.random.default_rng([9, 9, i]))

    def weights(self) -> Checkpoint:
        """The averaged weights, for use."""
        made = self.config.model_dump(mode="json", exclude={"takes", "output", "machine"})
        tensors = self.average()
        if self._model.kind == "ours" and self._model.sound:
            tensors |= {f"{EARS}{name}": value for name, value in ears().tensors.items()}
        card, revision = self._takes.card_sha256, git_revision()
        known = self.known
        return pack(
            self._model,
            self.config.window,
            known.habit,
            known.usual,
            tensors,
            training=made,
            data_card=card,
            revision=revision,
        )


def _length(vectors: Tensor) -> Tensor:
    """Euclidean, with a gradient at zero too."""
    return (vectors.square().sum(dim=-1) + 1e-8).sqrt()
