# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The steps of a run of training, whatever it trains; read it from top to bottom.

A run is a function of its config and its data: what is drawn in a step is drawn from (seed, step), so that a run that
was killed and taken up again ends with the very same weights. On one device, that is; several add their gradients in
an order of their own.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Protocol

import torch
from lightning_fabric import Fabric
from torch import Tensor

from plugins.api.checkpoint import Checkpoint
from plugins.api.transformer import parameter_count
from training.config_files import ConfigError
from training.run_config import Schedule
from training.run_log import RunLog
from training.run_state import STATE, RunState, learning_rate, set_rate
from training.stopping import asked_to_stop


class LoopConfig(Protocol):
    """What the loop asks of a config."""

    output: str
    seed: int
    schedule: Schedule
    gradient_norm: float
    minutes: float | None
    log_every: int
    validate_every: int
    save_every: int
    tensorboard: bool


class Training(RunState, ABC):
    """A network in training, as the loop sees it.

    Class attributes:
        weights_file: of what is kept for use.
        keeps_best: whether those of the best validation are kept, or the last; where the loss changes its meaning on
            the way, no earlier validation is better.
    """

    weights_file: ClassVar[str]
    keeps_best: ClassVar[bool] = True

    @abstractmethod
    def step(self, network: Any, step: int, fabric: Fabric) -> tuple[Tensor, dict[str, float]]:
        """What is made small in a step, and its terms for the log; this process's share."""

    @abstractmethod
    def validate(self, fabric: Fabric) -> float:
        """How wrong the averaged weights are."""

    @abstractmethod
    def weights(self) -> Checkpoint:
        """The averaged weights, for use."""

    def validated(self, folder: Path, step: int) -> Mapping[str, Any]:
        """Whatever else is made of the averaged weights with each validation, for the log."""
        return {}


def run(
    training: Training, config: LoopConfig, fabric: Fabric, total: int, data_card: str, same: Any, **facts: Any
) -> Path:
    """All steps, from where the run was left; answers with the file of the weights.

    Args:
        data_card: SHA-256 of what is learned from. same: what must be equal for the run to go on.
        facts: are told at the beginning of the log.

    Raises:
        ConfigError: the folder holds another run, or this one diverged; CheckpointError: what it holds is damaged;
        KeyboardInterrupt: after a Ctrl-C, with the step saved.
    """
    started = time.monotonic()
    folder = Path(config.output)
    parameters = parameter_count(training.network)
    network, optimizer = fabric.setup(training.network, training.optimizer)
    known: dict[str, Any] = {"run": same, "data_card": data_card}
    step, best = training.take_up(folder / STATE, fabric.device, **known)
    log = RunLog(folder, step, writes=fabric.is_global_zero, board=config.tensorboard)
    log(step, parameters=parameters, **facts, steps=total)
    with asked_to_stop(fabric.world_size == 1) as stop:
        while step < total:
            network.train()
            rate = learning_rate(config.schedule, step, total)
            set_rate(optimizer, rate)
            torch.manual_seed(hash((config.seed, step, fabric.global_rank)))
            loss, terms = training.step(network, step, fabric)
            fabric.backward(loss)
            _clip(fabric, network, optimizer, config, step)
            optimizer.step()
            optimizer.zero_grad()
            training.average_weights(step)
            step += 1

            over = step == total or (config.minutes is not None and time.monotonic() - started > 60 * config.minutes)
            over = bool(fabric.broadcast(over))
            if step % config.log_every == 0 or over:
                log(step, rate=rate, seconds=round(time.monotonic() - started, 1), **terms)
            if step % config.validate_every == 0 or over:
                validation = training.validate(fabric)
                log(step, validation=validation)
                if fabric.is_global_zero and (validation <= best or not training.keeps_best):
                    training.weights().save(folder / training.weights_file)
                if training.keeps_best:
                    best = min(best, validation)
                if fabric.is_global_zero and (more := training.validated(folder, step)):
                    log(step, **more)
            if (step % config.save_every == 0 or over or stop.asked) and fabric.is_global_zero:
                training.save(folder / STATE, step, best, **known)
            fabric.barrier()
            if stop.asked:
                raise KeyboardInterrupt
            if over:
                break
    log.close()
    return folder / training.weights_file


def _clip(fabric: Fabric, network: Any, optimizer: Any, config: LoopConfig, step: int) -> None:
    """Gradients no longer than the config says; ConfigError when they are no numbers."""
    norm = fabric.clip_gradients(network, optimizer, max_norm=config.gradient_norm, error_if_nonfinite=False)
    if norm is not None and not torch.isfinite(norm):
        raise ConfigError(
            f"the training diverged in step {step + 1}: its gradients are no numbers any more. Begin again in another "
            f"output with a lower schedule.learning_rate (it is {config.schedule.learning_rate:g})"
        )
