# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The generator ``momu``: as many performances of a recording as there are seeds, with poses that must be kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api import Audio, ComponentError, Generator, JobContext, Motion, violinist
from plugins.api.bowed_pose import assemble
from plugins.api.checkpoint import CheckpointError
from plugins.api.log_mel import FPS, log_mel
from plugins.api.prediction import Prediction
from plugins.api.strokes import HAIR, HAIR_SCALE, SPEED_SCALE, pick_turns
from plugins.momu.bowing import kept_hair, strokes_through
from plugins.momu.checkpoint import BUNDLED, Weights, load_weights
from plugins.momu.constraints import check_constraints, kept_places
from plugins.momu.engine import Engine, Made
from plugins.momu.kept import Kept
from plugins.momu.options import MovingOptions

PREVIEWS: Final = (0.34, 0.67)
"""How far through the noise a preview is shown."""
TURNS: Final = 0.3
"""From which height on a turn that the network says is one (best on the validation recordings)."""


class Momu(Generator):
    """Moves a violinist to the sound alone, by a diffusion model that learned from simulated performances. Each seed is
    another performance: other bowings, another way to sway. It keeps poses that are given to it."""

    name = "momu"
    label = "Diverse performer (MoMu)"
    licence = "MIT"
    checkpoint = "momu violin 1"
    devices = ("cuda", "cpu")
    instruments = ("violin",)
    skeleton = "violinist"
    post_steps = ("ik", "keep")
    streams = True

    class Options(MovingOptions):
        pass

    def __init__(self, weights: Path = BUNDLED) -> None:
        self._path = weights
        self._engine: Engine | None = None

    def load(self, device: str) -> None:
        self._engine = loaded(self._path, device, self.label)

    def generate(self, audio: Audio, options: Any, context: JobContext) -> Motion:
        engine = ready(self._engine)
        context.progress(0.0, "Listening")
        if not len(audio.samples):
            raise ComponentError("the sound lasts 0 seconds; choose one that has something to be heard")
        heard = log_mel(audio.samples, audio.sample_rate)
        check_constraints(context.constraints, audio, context.fps)
        kept = kept_places(context.constraints, engine.weights, len(heard), audio.start)

        def tell(done: float, preview: Any) -> None:
            context.progress(0.05 + 0.85 * done, "Denoising")
            if any(part <= done < part + 1.0 / options.steps for part in PREVIEWS):
                context.partial(self._motion(preview(), audio, context, kept))

        made = engine.dance(heard, context.seed, options.ask(), options.desire(), kept=kept, tell=tell)
        motion = self._motion(made, audio, context, kept)
        context.progress(1.0, "Performance generated")
        return motion

    def _motion(self, made: Made, audio: Audio, context: JobContext, kept: Kept | None) -> Motion:
        skeleton = violinist.violinist_skeleton()
        engine = ready(self._engine)
        count = max(1, round(audio.duration * context.fps))
        said = prediction(made, engine.weights, kept)
        grip = grip_of(engine.weights)
        smooth = said.bowed(grip).at(np.minimum(np.arange(count) / context.fps * FPS, len(made.places) - 1))
        positions, rotations = assemble(skeleton, smooth, grip)
        made_by = {"generator": self.name, "seed": context.seed, "revision": engine.weights.revision}
        return Motion(skeleton, context.fps, positions, rotations, start=audio.start, provenance=made_by)


def prediction(made: Made, weights: Weights, kept: Kept | None = None) -> Prediction:
    """What the network says of body, violin and bow; the bow's strokes go between the turns that it says, and through
    the bows that are kept."""
    body = weights.body
    assert body is not None
    points = {joint: made.places[:, i] for i, joint in enumerate(body.joints) if joint != "hips"}
    place, speed, turn = np.moveaxis(made.features[:, body.pose - 1 :], -1, 0)
    wish = np.clip(place * HAIR_SCALE + HAIR_SCALE, *HAIR)
    turns = pick_turns(turn, FPS, TURNS)
    fixed = np.full(len(wish), np.nan) if kept is None else kept_hair(kept, body)[: len(wish)]
    return Prediction(points, strokes_through(fixed, turns, np.maximum(speed, 0.0) * SPEED_SCALE, wish))


def grip_of(weights: Weights) -> npt.NDArray[np.float64]:
    if weights.grip is None:
        raise ComponentError("the weights of MoMu know no grip of the bow; train the motion-vae on violinists' clips")
    return weights.grip


def loaded(path: Path, device: str, label: str) -> Engine:
    """The networks of a file; ComponentError when they cannot be had."""
    try:
        return Engine(load_weights(path), device)
    except CheckpointError as error:
        raise ComponentError(str(error)) from error
    except ModuleNotFoundError as error:
        raise ComponentError(f"{label} needs {error.name}; run: pip install 'cadenza[learned]'") from error


def ready(engine: Engine | None) -> Engine:
    if engine is None:
        raise ComponentError("call load() first")
    return engine
