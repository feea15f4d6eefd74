# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""One file with all networks of MoMu that have been trained so far, and the body that they know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ValidationError

from plugins.api.checkpoint import Checkpoint, CheckpointError, load_checkpoint
from plugins.momu.body import Body, Scale
from plugins.momu.config import DenoiserConfig, MotionConfig, MusicConfig

COMPONENT: Final = "momu"
VERSION: Final = 1
PARTS: Final[Mapping[str, type[BaseModel]]] = {
    "music": MusicConfig,
    "motion": MotionConfig,
    "music2motion": DenoiserConfig,
    "motion2music": DenoiserConfig,
}
BUNDLED: Final = Path(__file__).parent / "weights" / "violin.safetensors"

Tensors = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Weights:
    """What has been trained.

    Attributes:
        configs, tensors: of each part of PARTS that there is.
        body, scale: of the motion; None as long as only music is known.
        classes: styles, in the order of their numbers.
        intensity: mean and deviation of the training clips' (``plugins.momu.vigour``).
        grip: of the right hand on the bow (``plugins.api.grip``); None for who has no bow.
        training: what was asked of each part's training.
    """

    configs: Mapping[str, Any]
    tensors: Mapping[str, Tensors] = field(repr=False)
    body: Body | None = None
    scale: Scale | None = None
    classes: tuple[str, ...] = ()
    intensity: tuple[float, float] = (0.0, 1.0)
    grip: npt.NDArray[np.float64] | None = field(default=None, repr=False)
    training: Mapping[str, Any] = field(default_factory=dict, repr=False)
    data_card: str = ""
    revision: str = ""

    def with_part(self, name: str, config: BaseModel, tensors: Tensors, training: Mapping[str, Any]) -> Weights:
        return replace(
            self,
            configs={**self.configs, name: config},
            tensors={**self.tensors, name: tensors},
            training={**self.training, name: dict(training)},
        )

    def until(self, stage: str) -> Weights:
        """Without the part of a stage and of those after it: they know other latents."""
        kept = list(PARTS)[: list(PARTS).index(stage.removesuffix("-vae"))]
        configs, tensors, training = (
            {name: part for name, part in parts.items() if name in kept}
            for parts in (self.configs, self.tensors, self.training)
        )
        return replace(self, configs=configs, tensors=tensors, training=training)

    def need(self, *names: str) -> None:
        """CheckpointError when one of these parts was not trained."""
        missing = [name for name in names if name not in self.configs]
        if missing:
            lacking = ", ".join(missing)
            raise CheckpointError(f"the weights of MoMu lack {lacking}; train those stages too (docs/momu.md)")

    def packed(self) -> Checkpoint:
        """As a checkpoint, in half precision."""
        config = {
            "parts": {name: part.model_dump(mode="json") for name, part in self.configs.items()},
            "body": None if self.body is None else self.body.to_json(),
            "classes": list(self.classes),
            "intensity": list(self.intensity),
            "grip": None if self.grip is None else self.grip.tolist(),
            "training": dict(self.training),
        }
        halves = {
            f"{part}.{name}": value.astype(np.float16) if value.dtype.kind == "f" else value
            for part, tensors in self.tensors.items()
            for name, value in tensors.items()
        }
        scale = {} if self.scale is None else self.scale.to_json()
        return Checkpoint(COMPONENT, VERSION, config, halves, scale, None, self.data_card, self.revision)


def load_weights(path: Path | str = BUNDLED) -> Weights:
    """Read what ``Weights.packed`` made; CheckpointError when it is something else."""
    found = load_checkpoint(path, component=COMPONENT, version=VERSION)
    try:
        parts = dict(found.config["parts"])
        configs = {name: PARTS[name].model_validate(values) for name, values in parts.items()}
        tensors: dict[str, dict[str, npt.NDArray[Any]]] = {name: {} for name in configs}
        for name, value in found.tensors.items():
            part, _, rest = name.partition(".")
            tensors[part][rest] = value.astype(np.float32) if value.dtype.kind == "f" else value
        body = found.config["body"]
        low, high = found.config["intensity"]
        grip = found.config.get("grip")
        return Weights(
            configs,
            tensors,
            None if body is None else Body.from_json(body),
            Scale.from_json(found.normaliser) if found.normaliser else None,
            tuple(found.config["classes"]),
            (float(low), float(high)),
            None if grip is None else np.array(grip, dtype=np.float64),
            dict(found.config["training"]),
            found.data_card,
            found.revision,
        )
    except (KeyError, TypeError, ValueError, ValidationError) as error:
        raise CheckpointError(f"the checkpoint {path} does not describe its networks: {error}") from error
