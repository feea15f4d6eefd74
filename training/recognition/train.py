# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Trains the networks that hear the music's structure (by ``training.loop``)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor

from plugins.api.checkpoint import Checkpoint
from plugins.hearing.checkpoint import VERSION, load_weights, pack
from plugins.hearing.model import network_of
from training import loop
from training.config_files import ConfigError
from training.recognition.config import RecognitionConfig
from training.recognition.losses import class_loss, class_weights, paper_event_loss, shift_tolerant_loss
from training.recognition.targets import CLASSES, EVENTS
from training.recognition.windows import Library, Window, varied, window
from training.revision import git_revision
from training.run_state import STARTED_FROM, launched, tensors_sha256

REACH: Final = {"beat": 2, "downbeat": 2, "phrase": 8}
"""Frames by which a peak may be off (50 ms; 0.2 s)."""
RARE: Final = {"beat": 8.0, "downbeat": 16.0, "phrase": 30.0}
"""How much more an event counts than a frame without."""


def train(config: RecognitionConfig) -> Path:
    """Run, or go on with, the training that ``config`` describes; returns the file of the weights.

    Raises:
        ConfigError, ClipsError, CheckpointError: with what is wrong.
    """
    fabric = launched(config.machine)
    library = Library(config.clips, config.modalities, config.leave_out)
    torch.manual_seed(config.seed)
    network = _begun(config)
    begun = {name: value.numpy() for name, value in network.state_dict().items()} if config.start else {}
    same = {**config.same_run(), STARTED_FROM: tensors_sha256(begun) if begun else ""}
    training = _Hearing(config, network, library)
    facts = {"recordings": len(training.heard)}
    return loop.run(training, config, fabric, config.steps, library.card_sha256, same, **facts)


def _begun(config: RecognitionConfig) -> torch.nn.Module:
    """The network, with fresh weights or with those that the run starts from; ConfigError when they are of another."""
    network = network_of(config.hearing)
    if config.start:
        found = load_weights(config.start)
        if found.model != config.hearing:
            raise ConfigError(f"start: {config.start} holds another network than this config describes")
        network.load_state_dict({name: torch.from_numpy(value) for name, value in found.tensors.items()})
    return network


class _Hearing(loop.Training):
    """A network that hears, in training."""

    weights_file = "hearing.safetensors"

    def __init__(self, config: RecognitionConfig, network: torch.nn.Module, library: Library) -> None:
        super().__init__("hearing-training", VERSION, network, config.schedule, config.average)
        heard = library.split("train")
        self.config, self.heard, self._valid, self._card = config, heard, library.split("valid"), library.card_sha256
        frames = np.array([len(h) for h in heard], dtype=float)
        self._likely = frames / frames.sum()
        known = {name: torch.from_numpy(np.concatenate([h.classes[name] for h in heard])) for name in CLASSES}
        # Square roots: reciprocals alone make a class that hardly occurs the loudest of all.
        self._weights = {name: class_weights(known[name], count).sqrt() for name, count in CLASSES.items()}

    def windows(self, step: int) -> list[Window]:
        """The windows of a step."""
        rng = np.random.default_rng([self.config.seed, step])
        chosen = rng.choice(len(self.heard), self.config.batch, p=self._likely)
        return [varied(self.heard[i], self.config.window, self.config.variety, rng) for i in chosen]

    def step(self, network: Any, step: int, fabric: Fabric) -> tuple[Tensor, dict[str, float]]:
        return self.loss(network, self.windows(step)[fabric.global_rank :: fabric.world_size], fabric.device)

    def loss(self, network: Any, windows: Sequence[Window], device: torch.device) -> tuple[Tensor, dict[str, float]]:
        """What is made small, and its terms for the log."""
        seen = {name: _stacked([w.inputs[name] for w in windows], device) for name in self.config.modalities}
        answers: Mapping[str, Tensor] = network(seen)
        terms = {}
        for name in self.config.answers:
            said = answers[name].float()
            if name in EVENTS:
                there = _stacked([w.events[name] for w in windows], device)
                known = _stacked([w.known[name] for w in windows], device)
                terms[name] = self._of_events(name, said[..., 0], there, known)
            else:
                classes = _stacked([w.classes[name] for w in windows], device)
                terms[name] = class_loss(said, classes, self._weights[name].to(device))
        total: Tensor = sum(getattr(self.config.loss, name) * term for name, term in terms.items())
        return total, {"loss": total.item(), **{name: term.item() for name, term in terms.items()}}

    def _of_events(self, name: str, said: Tensor, there: Tensor, known: Tensor) -> Tensor:
        if self.config.loss.events == "paper":
            reach = REACH[name]
            wide = torch.nn.functional.max_pool1d(there[:, None], 2 * reach + 1, 1, reach)[:, 0]
            nothing = said.new_tensor(-30.0)  # what nobody knows is not there, and the network is sure of it
            return paper_event_loss(torch.where(known > 0.0, said, nothing), wide * known)
        return shift_tolerant_loss(said, there, known, REACH[name], RARE[name])

    def validate(self, fabric: Fabric) -> float:
        """Mean loss of the averaged weights over the recordings of the validation, in windows end to end."""
        length = self.config.window
        cuts = [
            window(h, first, length) for h in self._valid for first in range(0, max(1, len(h) - length // 2), length)
        ]
        network = network_of(self.config.hearing).to(fabric.device).eval()
        network.load_state_dict(self.averaged)
        losses = []
        with torch.no_grad():
            for first in range(0, len(cuts), self.config.batch):
                batch = cuts[first : first + self.config.batch]
                losses += [self.loss(network, batch, fabric.device)[0].item()] * len(batch)
        return float(np.mean(losses)) if losses else math.inf

    def weights(self) -> Checkpoint:
        """The averaged weights, for use."""
        config = self.config
        made = config.model_dump(mode="json", exclude={"clips", "output", "machine"})
        made["start"] = Path(config.start).name  # whoever reads it has other folders
        revision = git_revision()
        return pack(
            config.hearing, config.window, self.average(), training=made, data_card=self._card, revision=revision
        )


def _stacked(arrays: Sequence[Any], device: torch.device) -> Tensor:
    return torch.from_numpy(np.stack(arrays)).to(device)
