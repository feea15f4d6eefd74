# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The ``a2m`` generator: sound in, a violinist's distal joints, violin and bow out."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from plugins.a2m.assemble import assemble
from plugins.a2m.checkpoint import Weights, load_weights
from plugins.a2m.features import FPS, log_mel
from plugins.a2m.predictor import Predictor
from plugins.a2m.targets import PLAYING_TARGETS
from plugins.api import Audio, ComponentError, Generator, JobContext, Motion, violinist
from plugins.api.checkpoint import CheckpointError

WEIGHTS: Final = Path(__file__).with_name("weights") / "violin.safetensors"


class A2M(Generator):
    """Moves a violinist to the sound alone, by a network that learned from simulated performances.
    Bow, hands, violin and head follow what is heard; which finger stops which note it does not know."""

    name = "a2m"
    label = "Learned performer (A2M)"
    licence = "MIT"
    checkpoint = "a2m violin 1"
    devices = ("cuda", "cpu")
    instruments = ("violin",)
    skeleton = "violinist"
    post_steps = ("ik",)

    class Options(Generator.Options):
        """No options."""

    def __init__(self, weights: Path = WEIGHTS) -> None:
        self._path = weights
        self._predictor: Predictor | None = None

    def load(self, device: str) -> None:
        try:
            weights = load_weights(self._path)
            self._check(weights)
            self._predictor = Predictor(weights, weights.window, device)
        except CheckpointError as error:
            raise ComponentError(str(error)) from error
        except ModuleNotFoundError as error:
            raise ComponentError(f"{self.label} needs {error.name}; run: pip install 'cadenza[learned]'") from error

    def _check(self, weights: Weights) -> None:
        missing = {joint for part in PLAYING_TARGETS.values() for joint in part} - set(weights.joints)
        if missing or weights.grip is None:
            raise ComponentError(
                f"the checkpoint {self._path} is of a model that cannot play: it says nothing of "
                f"{', '.join(sorted(missing)) or 'the grip of the bow'}"
            )
        if weights.model.score_features:
            raise ComponentError(f"the checkpoint {self._path} is of a model that reads a score; this one only hears")

    def generate(self, audio: Audio, options: Any, context: JobContext) -> Motion:
        if self._predictor is None:
            raise ComponentError("call load() before generate()")
        context.progress(0.0, "Listening")
        heard = log_mel(audio.samples, audio.sample_rate)
        said = self._predictor.predict(heard, on_window=lambda done: context.progress(0.1 + 0.7 * done, "Playing"))
        context.progress(0.8, "Laying the bow on the strings")
        times = np.arange(max(1, round(audio.duration * context.fps))) / context.fps
        skeleton = violinist.violinist_skeleton()
        weights = self._predictor.weights
        assert weights.grip is not None  # load() made sure
        smooth = said.smoothed().at(times * FPS)
        positions, rotations = assemble(skeleton, smooth, weights.grip)
        provenance = {"generator": self.name, "seed": context.seed, "revision": weights.revision}
        context.progress(1.0, "Performance generated")
        return Motion(skeleton, context.fps, positions, rotations, start=audio.start, provenance=provenance)
