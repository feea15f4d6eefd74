# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The generators ``a2m`` and ``a2m-piano``: sound in, a musician's distal joints and instrument out."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Final

from pydantic import Field

from plugins.a2m.checkpoint import SKELETONS, Weights, load_weights
from plugins.a2m.piano_assemble import at_the_piano
from plugins.a2m.predictor import Predictor
from plugins.a2m.streaming import Stream
from plugins.a2m.targets import PIANO_TARGETS, PLAYING_TARGETS, Targets
from plugins.api import Array, Audio, ComponentError, Generator, JobContext, Motion, Skeleton
from plugins.api.batching import Windows
from plugins.api.bowed_pose import assemble
from plugins.api.checkpoint import CheckpointError
from plugins.api.log_mel import log_mel
from plugins.api.prediction import Prediction

WEIGHTS: Final = Path(__file__).with_name("weights") / "violin.safetensors"
PIANO_WEIGHTS: Final = WEIGHTS.with_name("piano.safetensors")


class A2M(Generator):
    """Moves a violinist to the sound alone, by a network that learned from simulated performances.
    Bow, hands, violin and head follow what is heard; which finger stops which note it does not know."""

    name = "a2m"
    label = "Learned performer (A2M)"
    licence = "MIT"
    checkpoint = "a2m violin 2"
    devices = ("cuda", "cpu")
    instruments = ("violin",)
    skeleton = "violinist"
    post_steps = ("ik",)
    streams = True
    batch = Predictor.batch
    targets: ClassVar[Targets] = PLAYING_TARGETS
    """What the weights must say."""

    class Options(Generator.Options):
        sway: float = Field(1.0, ge=0.0, le=2.0, title="Sway", description="How much the body sways; each seed differs")

    def __init__(self, weights: Path = WEIGHTS) -> None:
        self._path = weights
        self._predictor: Predictor | None = None

    def load(self, device: str) -> None:
        try:
            weights = load_weights(self._path, self.instruments[0])
            self._check(weights)
            self._predictor = Predictor(weights, weights.window, device)
        except CheckpointError as error:
            raise ComponentError(str(error)) from error
        except ModuleNotFoundError as error:
            raise ComponentError(f"{self.label} needs {error.name}; run: pip install 'cadenza[learned]'") from error

    def _check(self, weights: Weights) -> None:
        missing = sorted({joint for part in self.targets.values() for joint in part} - set(weights.joints))
        if self.instruments[0] == "violin" and weights.grip is None:
            missing.append("the grip of the bow")
        if missing:
            raise ComponentError(
                f"the checkpoint {self._path} is of a model that cannot play: it says nothing of {', '.join(missing)}"
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
        skeleton = SKELETONS[self.instruments[0]]()
        sway = options.sway * predictor.weights.swayed(len(heard), context.seed)
        stream = Stream(predictor, skeleton, self.assemble, sway, count, context.fps, audio.start)
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

    def assemble(self, skeleton: Skeleton, said: Prediction) -> tuple[Array, Array]:
        """Positions (T, J, 3) and rotations (T, J, 4) of what the model says; what ``ik`` must find is NaN."""
        grip = self._ready().weights.grip
        assert grip is not None  # load() made sure
        return assemble(skeleton, said, grip)

    def _ready(self) -> Predictor:
        if self._predictor is None:
            raise ComponentError("call load() before generate()")
        return self._predictor


class A2MPiano(A2M):
    """Moves a pianist to the sound alone, by a network that learned from simulated performances. Hands, arms and trunk
    go where the music is high or low; it knows no notes, so it cannot promise the right keys and presses none."""

    name = "a2m-piano"
    label = "Learned pianist (A2M)"
    checkpoint = "a2m piano 1"
    instruments = ("piano",)
    skeleton = "pianist"
    targets = PIANO_TARGETS

    def __init__(self, weights: Path = PIANO_WEIGHTS) -> None:
        super().__init__(weights)

    def assemble(self, skeleton: Skeleton, said: Prediction) -> tuple[Array, Array]:
        return at_the_piano(skeleton, said)
