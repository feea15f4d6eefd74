# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Trains the style embedding: read it from top to bottom.

A run is a function of its config and its dances: seconds, turns and dropout are drawn from (seed, step).
"""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from plugins.api.transformer import parameter_count
from plugins.mclemcd import features
from plugins.mclemcd.checkpoint import FILE, VERSION, Weights, normalised
from plugins.mclemcd.model import StyleNetwork
from training.config_files import ConfigError
from training.mclemcd.config import MclemcdConfig
from training.mclemcd.losses import Batch, terms
from training.mclemcd.segments import Rows, Segments, cut, read, split
from training.metrics import Floats
from training.revision import git_revision
from training.run_log import RunLog
from training.run_state import STATE, RunState, launched, learning_rate, set_rate
from training.stopping import asked_to_stop

AT_ONCE: Final = 128
"""Seconds that are judged together."""
SETTLING: Final = 16
"""Batches by which a trained network's normalisation is measured."""


def train(config: MclemcdConfig) -> Path:
    """Run, or go on with, the training that ``config`` describes; returns the file of the weights.

    Raises:
        ConfigError, DanceError, CheckpointError: with what is wrong.
    """
    started = time.monotonic()
    fabric = launched(config.machine)
    if fabric.world_size > 1:
        raise ConfigError("machine.devices must be 1: batch normalisation is not shared between devices")
    segments = cut(read(config.data), config.data.joints, config.style)
    rows, kept = split(segments, config.split, config.seed)
    run = Run(config, segments, rows)
    run.network.to(fabric.device)
    folder = Path(config.output)
    same: dict[str, Any] = {"run": config.same_run(), "data_card": segments.card}
    step, _ = run.take_up(folder / STATE, fabric.device, **same)
    log = RunLog(folder, step, board=config.tensorboard)
    log(step, parameters=parameter_count(run.network), seconds=len(rows), steps=run.steps)
    with asked_to_stop() as stop:
        while step < run.steps:
            values = run.advance(step)
            step += 1
            if not math.isfinite(values["loss"]):
                raise ConfigError(
                    f"the training diverged in step {step}: its loss is no number any more. Begin again in another "
                    f"output with a lower schedule.learning_rate (it is {config.schedule.learning_rate:g})"
                )
            over = step == run.steps
            if step % config.log_every == 0 or over:
                log(step, elapsed=round(time.monotonic() - started, 1), **values)
            if step % config.save_every == 0 or over or stop.asked:
                run.save(folder / STATE, step, 0.0, **same)
            if stop.asked:
                raise KeyboardInterrupt
    run.settle()
    if len(kept):
        right = run.chances(kept).argmax(axis=1) == segments.label[kept]
        log(step, kept=len(kept), accuracy=float(right.mean()))
    run.weights().pack(_told(config), segments.card).save(folder / FILE)
    log.close()
    return folder / FILE


def _told(config: MclemcdConfig) -> dict[str, Any]:
    """What a checkpoint tells of its run; whoever reads it has other folders."""
    made = config.model_dump(mode="json", exclude={"output", "machine"})
    made["data"]["folder"] = Path(config.data.folder).name
    return made


class Run(RunState):
    """Both encoders, in training on some of the seconds."""

    def __init__(self, config: MclemcdConfig, segments: Segments, rows: Rows) -> None:
        torch.manual_seed(config.seed)
        network = StyleNetwork(config.style, len(segments.skeleton), segments.edges, len(segments.classes))
        # Convolutions of few channels are a third faster on a CPU when a place's channels lie side by side.
        network = network.to(memory_format=torch.channels_last)
        super().__init__("mclemcd-training", VERSION, network, config.schedule, 0.0)
        self.config, self.collaborative = config, config.collaborative
        self._segments, self._rows = segments, rows
        both = features.streams(segments.places[rows], segments.edges, ("early",), parity=config.style.parity)["early"]
        self._mean = both.mean(axis=(0, 2, 3), dtype=np.float64)
        self._scale = np.maximum(both.std(axis=(0, 2, 3), dtype=np.float64), 1e-6)
        if config.balanced:
            counts = np.bincount(segments.label[rows], minlength=len(segments.classes))
            likely = 1.0 / np.maximum(counts, 1)[segments.label[rows]]
        else:
            likely = np.ones(len(rows))
        self._likely = likely / likely.sum()

    @property
    def steps(self) -> int:
        """Of the whole run; an epoch is as many seconds as there are."""
        return self.config.epochs * max(1, len(self._rows) // self.config.batch)

    @property
    def switch(self) -> int:
        """The step from which on both are trained together."""
        return round(self.steps * self.config.switch)

    def advance(self, step: int) -> dict[str, float]:
        """One step; the losses."""
        config = self.config
        self.network.train()
        set_rate(self.optimizer, learning_rate(config.schedule, step, self.steps))
        torch.manual_seed(hash((config.seed, step)))
        together = self.collaborative and step >= self.switch
        found = terms(self.network, self._batch(step), together=together, keep_music=config.keep_music)
        weights = {"pair": config.pair, "reconstruction": config.reconstruction}
        loss: Tensor = sum(weights.get(name, 1.0) * term for name, term in found.items())
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.average_weights(step)
        return {"loss": loss.item(), **{name: term.item() for name, term in found.items()}}

    def settle(self) -> None:
        """Measure what batch normalisation takes for the mean and the deviation once more, on the network as it is:
        after few steps its running averages are still those of networks long gone."""
        layers = [m for m in self.network.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)]
        kept = [layer.momentum for layer in layers]
        for layer in layers:
            layer.reset_running_stats()
            layer.momentum = None  # the plain mean over batches
        network: Any = self.network.train()
        torch.manual_seed(hash((self.config.seed, self.steps)))
        with torch.no_grad():
            for more in range(SETTLING):
                batch = self._batch(self.steps + more)
                network.move(batch.seen)
                network.decoder(network.hear(batch.heard)[0])
        for layer, momentum in zip(layers, kept, strict=True):
            layer.momentum = momentum
        self.average_weights(self.steps)

    def _batch(self, step: int) -> Batch:
        rng = np.random.default_rng([self.config.seed, step])
        if self.config.balanced:
            chosen = rng.choice(self._rows, self.config.batch, p=self._likely)
        else:
            chosen = rng.choice(self._rows, min(self.config.batch, len(self._rows)), replace=False)
        places = self._segments.places[chosen]
        if self.config.turned:
            places = turned(places, rng.uniform(0.0, 2.0 * np.pi, len(chosen)))
        device = next(self.network.parameters()).device
        seen = {name: torch.from_numpy(value).to(device) for name, value in self.seen(places).items()}
        heard, label = (torch.from_numpy(v[chosen]).to(device) for v in (self._segments.sound, self._segments.label))
        return Batch(seen, heard, label)

    def seen(self, places: features.Floats) -> dict[str, features.Floats]:
        """Stream -> (N, C, 25, J) as the network reads it."""
        style = self.config.style
        seen = features.streams(places, self._segments.edges, style.streams, parity=style.parity)
        return normalised(seen, self._mean.tolist(), self._scale.tolist())

    def logits(self, rows: Rows) -> dict[str, Floats]:
        """Stream, and "music" -> (N, K) of these seconds."""
        network: Any = self.network.eval()
        device = next(network.parameters()).device
        found: dict[str, list[Tensor]] = {}
        with torch.inference_mode():
            for first in range(0, len(rows), AT_ONCE):
                part = rows[first : first + AT_ONCE]
                seen = {n: torch.from_numpy(v).to(device) for n, v in self.seen(self._segments.places[part]).items()}
                said = dict(network.move(seen).logits)
                said["music"] = network.hear(torch.from_numpy(self._segments.sound[part]).to(device))[1]
                for name, value in said.items():
                    found.setdefault(name, []).append(value)
        return {name: torch.cat(values).double().cpu().numpy() for name, values in found.items()}

    def chances(self, rows: Rows) -> Floats:
        """(N, K) logits of motion, streams added."""
        return np.asarray(np.sum([value for name, value in self.logits(rows).items() if name != "music"], axis=0))

    def weights(self) -> Weights:
        """For use."""
        s = self._segments
        mean, scale = tuple(self._mean.tolist()), tuple(self._scale.tolist())
        return Weights(self.config.style, s.skeleton, s.edges, s.classes, mean, scale, self.average(), git_revision())


def turned(places: features.Floats, angles: Floats) -> features.Floats:
    """(N, 25, J, 3) turned about the vertical by (N,) radians: a dance is the same wherever it faces."""
    cosine, sine = (f(angles)[:, None, None].astype(np.float32) for f in (np.cos, np.sin))
    x, y, z = np.moveaxis(places, -1, 0)
    return np.stack([cosine * x - sine * y, sine * x + cosine * y, z], axis=-1)
