# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What a checkpoint of A2M holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.a2m.config import ModelConfig
from plugins.a2m.sway import PREFIX, Sway
from plugins.a2m.targets import Normaliser, Targets
from plugins.api import pianist, violinist
from plugins.api.checkpoint import Checkpoint, load_checkpoint

COMPONENT: Final = "a2m"
VERSION: Final = 1
"""Of features, targets and strokes; weights of another version mean something else."""
SKELETONS: Final = {"violin": violinist.violinist_skeleton, "piano": pianist.pianist_skeleton}
"""Whose motion it is."""

Tensors = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Weights:
    """A model ready to be built.

    Attributes:
        strokes: whether the answer ends with the three numbers of the bow's strokes.
        window: frames of the clips that it was trained on.
        grip: of the right hand on the bow (``plugins.api.grip``); None where bow or hand is no target.
        sway: what chance adds (``plugins.a2m.sway``); None for nothing.
    """

    model: ModelConfig
    targets: Targets
    normaliser: Normaliser
    strokes: bool
    window: int
    grip: npt.NDArray[np.float64] | None = field(repr=False)
    tensors: Tensors = field(repr=False)
    revision: str = ""
    sway: Sway | None = field(default=None, repr=False)

    @property
    def joints(self) -> tuple[str, ...]:
        """Names of the answer's points, in its order."""
        return tuple(joint for part in self.targets.values() for joint in part)

    def swayed(self, count: int, seed: int) -> npt.NDArray[np.float64]:
        """(count, J, 3) metres that chance adds to what the model says."""
        if self.sway is None:
            return np.zeros((count, len(self.joints), 3))
        return self.sway.sample(count, seed)


def pack(
    model: ModelConfig,
    targets: Targets,
    normaliser: Normaliser,
    tensors: Tensors,
    *,
    strokes: bool,
    window: int,
    grip: npt.NDArray[np.float64] | None,
    training: Mapping[str, Any],
    data_card: str,
    revision: str,
    instrument: str = "violin",
) -> Checkpoint:
    """A checkpoint of the A2M of an instrument."""
    config = {
        "model": model.model_dump(mode="json"),
        "targets": {part: list(joints) for part, joints in targets.items()},
        "strokes": strokes,
        "window": window,
        "grip": None if grip is None else grip.tolist(),
        "training": dict(training),
    }
    skeleton = SKELETONS[instrument]()
    return Checkpoint(COMPONENT, VERSION, config, tensors, normaliser.to_json(), skeleton, data_card, revision)


def load_weights(path: Path | str, instrument: str = "violin") -> Weights:
    """Read what ``pack`` made; CheckpointError when it does not fit."""
    found = load_checkpoint(path, component=COMPONENT, version=VERSION, skeleton=SKELETONS[instrument]())
    config = found.config
    return Weights(
        # Lists of JSON become tuples again.
        ModelConfig.model_validate({**config["model"], "branches": tuple(config["model"]["branches"])}),
        {part: tuple(joints) for part, joints in config["targets"].items()},
        Normaliser.from_json(found.normaliser),
        bool(config["strokes"]),
        int(config["window"]),
        None if config["grip"] is None else np.array(config["grip"], dtype=np.float64),
        {name: np.asarray(value) for name, value in found.tensors.items() if not name.startswith(PREFIX)},
        found.revision,
        Sway.from_tensors(found.tensors),
    )
