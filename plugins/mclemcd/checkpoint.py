# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A trained style embedding as a file, and where Cadenza looks for one."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api import Skeleton
from plugins.api.checkpoint import Checkpoint, CheckpointError, load_checkpoint
from plugins.mclemcd.config import StyleConfig
from plugins.mclemcd.features import Edges

COMPONENT: Final = "mclemcd"
VERSION: Final = 1
"""Of features and answers; weights of another version mean something else."""
VARIABLE: Final = "CADENZA_MCLEMCD"
"""Environment variable with the file's path."""
FILE: Final = "mclemcd.safetensors"


@dataclass(frozen=True, eq=False)
class Weights:
    """A model ready to be built.

    Attributes:
        skeleton: the joints that it sees, by name.
        edges: (joint, parent) that its graph begins from.
        classes: what it tells apart.
        mean, scale: (C,) of a joint's coordinates, then of a limb's: what is taken from them, what they are divided by.
    """

    model: StyleConfig
    skeleton: Skeleton
    edges: Edges
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    tensors: Mapping[str, npt.NDArray[Any]] = field(repr=False)
    revision: str = ""

    def pack(self, training: Mapping[str, Any], data_card: str) -> Checkpoint:
        """As a file that says what it is."""
        config = {
            "model": self.model.model_dump(mode="json"),
            "edges": [list(edge) for edge in self.edges],
            "classes": list(self.classes),
            "training": dict(training),
        }
        normaliser = {"mean": list(self.mean), "scale": list(self.scale)}
        return Checkpoint(COMPONENT, VERSION, config, self.tensors, normaliser, self.skeleton, data_card, self.revision)


def load_weights(path: Path | str) -> Weights:
    """Read what ``Weights.pack`` made; CheckpointError when it does not fit."""
    found = load_checkpoint(path, component=COMPONENT, version=VERSION)
    if found.skeleton is None:
        raise CheckpointError(f"the checkpoint {path} names no skeleton; train it again")
    return Weights(
        StyleConfig.model_validate_json(_json(found.config["model"])),
        found.skeleton,
        [(int(a), int(b)) for a, b in found.config["edges"]],
        tuple(map(str, found.config["classes"])),
        tuple(found.normaliser["mean"]),
        tuple(found.normaliser["scale"]),
        {name: np.asarray(value) for name, value in found.tensors.items()},
        found.revision,
    )


def usual_place() -> Path:
    """Where a checkpoint is looked for that nobody named: the environment's, else the user's data folder."""
    import platformdirs

    named = os.environ.get(VARIABLE, "")
    return Path(named) if named else Path(platformdirs.user_data_dir("cadenza", appauthor=False)) / FILE


def normalised(
    seen: Mapping[str, npt.NDArray[np.float32]], mean: Sequence[float], scale: Sequence[float]
) -> dict[str, npt.NDArray[np.float32]]:
    """Stream -> (N, C, 25, J), each kind of coordinate brought to mean 0 and deviation 1."""
    which = {"joints": slice(0, 3), "limbs": slice(3, 6), "early": slice(0, 6)}
    middle, wide = (np.asarray(v, dtype=np.float32)[:, None, None] for v in (mean, scale))
    return {name: (value - middle[which[name]]) / wide[which[name]] for name, value in seen.items()}


def _json(value: Any) -> str:
    import json

    return json.dumps(value)
