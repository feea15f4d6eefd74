# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The network's file: weights, architecture, and how joints usually move and players stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from plugins.api.checkpoint import Checkpoint, CheckpointError, load_checkpoint
from plugins.mapnet.config import JOINT_COUNT, MapNetConfig
from plugins.mapnet.middle import Usual
from plugins.mapnet.smoother import Habit

COMPONENT: Final = "mapnet"
VERSION: Final = 2
EARS: Final = "ears."
"""What the names of the tensors of the network that hears begin with."""
BUNDLED: Final = Path(__file__).parent / "weights" / "violin.safetensors"


@dataclass(frozen=True, eq=False)
class Weights:
    """A trained network, and the one that hears for it: ``window`` is how many frames it learned to look at."""

    model: MapNetConfig
    window: int
    habit: Habit
    usual: Usual
    tensors: Mapping[str, npt.NDArray[Any]] = field(repr=False)
    ears: Mapping[str, npt.NDArray[Any]] = field(repr=False, default_factory=dict)


def pack(
    model: MapNetConfig,
    window: int,
    habit: Habit,
    usual: Usual,
    tensors: Mapping[str, npt.NDArray[Any]],
    *,
    training: Mapping[str, Any],
    data_card: str,
    revision: str,
) -> Checkpoint:
    """A checkpoint of a network; its numbers are kept in half precision, which changes no answer by a millimetre."""
    halves = {name: value.astype(np.float16) for name, value in tensors.items()}
    return Checkpoint(
        COMPONENT,
        VERSION,
        {"model": model.model_dump(mode="json"), "window": window, "training": dict(training)},
        halves,
        normaliser={
            "amplitude": habit.amplitude.tolist(),
            "seconds": habit.seconds.tolist(),
            "places": usual.places.tolist(),
            "shapes": usual.shapes.tolist(),
        },
        data_card=data_card,
        revision=revision,
    )


def load_weights(path: Path | str = BUNDLED) -> Weights:
    """Read a network's file; CheckpointError when it is something else."""
    found = load_checkpoint(path, component=COMPONENT, version=VERSION)
    try:
        model = MapNetConfig.model_validate(found.config["model"])
        habit = Habit(*(np.array(found.normaliser[name], dtype=np.float64) for name in ("amplitude", "seconds")))
        if habit.amplitude.shape != (JOINT_COUNT,) or habit.seconds.shape != (JOINT_COUNT,):
            raise ValueError(f"habits of {habit.amplitude.shape} joints")
        usual = Usual(*(np.array(found.normaliser[name], dtype=np.float64) for name in ("places", "shapes")))
        if usual.places.shape != (JOINT_COUNT, 3) or usual.shapes.shape[1:] != (JOINT_COUNT, 3):
            raise ValueError(f"shapes of {usual.shapes.shape}, about {usual.places.shape}")
        tensors = {name: value.astype(np.float32) for name, value in found.tensors.items()}
        ears = {name.removeprefix(EARS): value for name, value in tensors.items() if name.startswith(EARS)}
        rest = {name: value for name, value in tensors.items() if not name.startswith(EARS)}
        return Weights(model, int(found.config["window"]), habit, usual, rest, ears)
    except (KeyError, TypeError, ValueError, ValidationError) as error:
        raise CheckpointError(f"the checkpoint {path} does not describe its network: {error}") from error
