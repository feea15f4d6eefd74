# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The ``a2m`` generator: sound in, a violinist's distal joints, violin and bow out."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from plugins.a2m.checkpoint import Weights, load_weights
from plugins.a2m.features import log_mel
from plugins.a2m.predictor import Predictor
from plugins.a2m.streaming import Stream
from plugins.a2m.targets import PLAYING_TARGETS
from plugins.api import Audio, ComponentError, Generator, JobContext, Motion, violinist
from plugins.api.batching import Windows
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
    streams = True
    batch = Predictor.batch

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

    def infer(self, windows: Windows) -> Windows:
        return self._ready().infer(windows)

    def generate(self, audio: Audio, options: Any, context: JobContext) -> Motion:
        predictor = self._ready()
        context.progress(0.0, "Listening")
        heard = log_mel(audio.samples, audio.sample_rate)
        count = max(1, round(audio.duration * context.fps))
        stream = Stream(predictor, violinist.violinist_skeleton(), count, context.fps, audio.start)
        done = 0
        for piece in predictor.pieces(heard, lambda windows: context.infer(self, windows)):
            done += len(piece)
            context.progress(0.1 + 0.8 * done / len(heard), "Playing")
            part = stream.add(piece)
            if part is not None:
                context.partial(part)
        motion = stream.rest({"generator": self.name, "seed": context.seed, "revision": predictor.weights.revision})
        context.progress(1.0, "Performance generated")
        return motion

    def _ready(self) -> Predictor:
        if self._predictor is None:
            raise ComponentError("call load() before generate()")
        return self._predictor
