# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What a run of training carries from step to step, whatever it trains: weights, their average, the optimiser.

Saved and taken up again it goes on bit for bit (on one device), because everything else is drawn from (seed, step).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from plugins.api.checkpoint import Checkpoint, load_checkpoint
from training.config_files import ConfigError
from training.run_config import Machine, Schedule

STATE: Final = "state.safetensors"
"""File of a run's folder with everything that it needs to go on."""
BETAS: Final = (0.9, 0.999)
"""Adam's, as usual."""
STARTED_FROM: Final = "the weights of start"
"""What a run starts from, among what must be the same: by content, because files move and are made again."""


class RunState:
    """A network in training.

    Args:
        kind: of the run, for its file: one kind does not go on from another.
        version: of what the numbers mean.
    """

    def __init__(self, kind: str, version: int, network: nn.Module, schedule: Schedule, average: float) -> None:
        self._kind, self._version, self._keep = kind, version, average
        self.network = network
        self.averaged = {name: value.detach().clone() for name, value in network.state_dict().items()}
        self.optimizer = torch.optim.Adam(network.parameters(), schedule.learning_rate, BETAS)

    def average_weights(self, step: int) -> None:
        """Move the average towards the weights; fast in the first steps, so that it forgets the start."""
        keep = min(self._keep, (1.0 + step) / (10.0 + step))
        with torch.no_grad():
            for name, value in self.network.state_dict().items():
                if value.is_floating_point():
                    self.averaged[name].lerp_(value, 1.0 - keep)
                else:  # a count of batches
                    self.averaged[name].copy_(value)

    def average(self) -> dict[str, npt.NDArray[Any]]:
        """The averaged weights as arrays."""
        return {name: value.cpu().numpy() for name, value in self.averaged.items()}

    def save(self, path: Path, step: int, best: float, run: Mapping[str, Any], data_card: str) -> None:
        """Everything that changes during the run, with what must be the same to go on."""
        tensors = {f"network.{name}": value for name, value in self.network.state_dict().items()}
        tensors |= {f"average.{name}": value for name, value in self.averaged.items()}
        for i, moments in self.optimizer.state_dict()["state"].items():
            tensors |= {f"adam.{i}.{name}": value for name, value in moments.items()}
        arrays = {name: value.detach().cpu().numpy() for name, value in tensors.items()}
        arrays["step"], arrays["best"] = np.array(step), np.array(best)
        Checkpoint(self._kind, self._version, {"run": dict(run)}, arrays, data_card=data_card).save(path)

    def take_up(self, path: Path, device: torch.device, run: Mapping[str, Any], data_card: str) -> tuple[int, float]:
        """Go on from a saved state where there is one; returns the step and the best validation.

        Raises:
            ConfigError: it is of a run with another config or data; CheckpointError: it is damaged.
        """
        self.averaged = {name: value.to(device) for name, value in self.averaged.items()}
        if not path.exists():
            return 0, math.inf
        found = load_checkpoint(path, component=self._kind, version=self._version)
        _check_same_run(path, found, run, data_card)
        tensors = {name: torch.from_numpy(np.array(value)).to(device) for name, value in found.tensors.items()}
        self.network.load_state_dict(_below("network.", tensors))
        self.averaged = _below("average.", tensors)
        state = self.optimizer.state_dict()
        for name, value in _below("adam.", tensors).items():
            index, _, moment = name.partition(".")
            # Adam counts its steps on the CPU.
            state["state"].setdefault(int(index), {})[moment] = value.cpu() if moment == "step" else value
        self.optimizer.load_state_dict(state)
        return int(found.tensors["step"].item()), float(found.tensors["best"].item())


def learning_rate(schedule: Schedule, step: int, total: int) -> float:
    """Warmed up linearly, then decaying as the config says."""
    warm = min(1.0, (step + 1) / (schedule.warmup_steps + 1))
    if schedule.kind == "cosine":
        return schedule.learning_rate * warm * 0.5 * (1.0 + math.cos(math.pi * step / total))
    return schedule.learning_rate * warm * schedule.decay ** (step / schedule.decay_steps)


def set_rate(optimizer: Any, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate


def launched(machine: Machine) -> Fabric:
    """The devices of a run."""
    if machine.threads:
        torch.set_num_threads(machine.threads)
    strategy = "ddp" if machine.devices > 1 else "auto"
    fabric = Fabric(
        accelerator=machine.accelerator, strategy=strategy, devices=machine.devices, precision=machine.precision
    )
    fabric.launch()
    return fabric


def tensors_sha256(tensors: Mapping[str, npt.NDArray[Any]]) -> str:
    """SHA-256 of weights by their names, whatever else their file tells."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        value = np.ascontiguousarray(tensors[name])
        digest.update(f"{name} {value.dtype.str} {value.shape}".encode())
        digest.update(value.tobytes())
    return digest.hexdigest()


def _check_same_run(path: Path, found: Checkpoint, run: Mapping[str, Any], data_card: str) -> None:
    saved, asked = found.config["run"], json.loads(json.dumps(dict(run)))
    if STARTED_FROM in asked and STARTED_FROM not in saved:  # begun before content was compared: not known
        saved = {key: value for key, value in saved.items() if key != "start"}
        del asked[STARTED_FROM]
    other = sorted(key for key in saved.keys() | asked.keys() if saved.get(key) != asked.get(key))
    if found.data_card != data_card:
        other.append("the data card of the clips")
    if other:
        raise ConfigError(
            f"{path} is of a run with another config ({', '.join(other)}); give another output, or delete that folder"
        )


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
