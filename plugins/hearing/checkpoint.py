# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Weights of the networks that hear, as a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api.checkpoint import Checkpoint, load_checkpoint
from plugins.hearing.config import HearingConfig

COMPONENT: Final = "hearing"
VERSION: Final = 1
"""Of features and answers; weights of another version mean something else."""


@dataclass(frozen=True, eq=False)
class Weights:
    """A model ready to be built; ``window`` are the frames of the clips that it was trained on."""

    model: HearingConfig
    window: int
    tensors: Mapping[str, npt.NDArray[Any]] = field(repr=False)
    revision: str = ""


def pack(
    model: HearingConfig,
    window: int,
    tensors: Mapping[str, npt.NDArray[Any]],
    *,
    training: Mapping[str, Any],
    data_card: str,
    revision: str,
) -> Checkpoint:
    """A checkpoint of a network that hears."""
    config = {"model": model.model_dump(mode="json"), "window": window, "training": dict(training)}
    return Checkpoint(COMPONENT, VERSION, config, tensors, data_card=data_card, revision=revision)


def load_weights(path: Path | str) -> Weights:
    """Read what ``pack`` made; CheckpointError when it does not fit."""
    found = load_checkpoint(path, component=COMPONENT, version=VERSION)
    tensors = {name: np.asarray(value) for name, value in found.tensors.items()}
    model = HearingConfig.model_validate(found.config["model"])
    return Weights(model, int(found.config["window"]), tensors, found.revision)
