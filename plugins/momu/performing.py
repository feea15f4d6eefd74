# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""From what the network says to a violinist with the bow on the strings; ``ik`` completes the body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from plugins.api import Array, ComponentError, Motion, violinist
from plugins.api.bowed_pose import assemble
from plugins.api.log_mel import FPS
from plugins.api.prediction import Prediction
from plugins.api.strokes import HAIR, HAIR_SCALE, SPEED_SCALE, pick_turns
from plugins.momu.bowing import kept_hair, strokes_through
from plugins.momu.checkpoint import Weights
from plugins.momu.engine import Made
from plugins.momu.kept import Kept

TURNS: Final = 0.3
"""From which height on a turn that the network says is one. (From 0.15 to 0.4 all do alike on the validation clips.)"""


def performed(
    made: Made,
    weights: Weights,
    seconds: float,
    fps: float,
    *,
    made_by: Mapping[str, Any],
    start: float = 0.0,
    kept: Kept | None = None,
) -> Motion:
    """Motion of so many seconds; what ``ik`` must find is NaN."""
    skeleton = violinist.violinist_skeleton()
    grip = _grip(weights)
    times = np.arange(max(1, round(seconds * fps))) / fps
    smooth = prediction(made, weights, kept).bowed(grip).at(np.minimum(times * FPS, len(made.places) - 1.0))
    positions, rotations = assemble(skeleton, smooth, grip)
    provenance = {**made_by, "revision": weights.revision}
    return Motion(skeleton, fps, positions, rotations, start=start, provenance=provenance)


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


def _grip(weights: Weights) -> Array:
    if weights.grip is None:
        raise ComponentError("the weights of MoMu know no grip of the bow; train the motion-vae on violinists' clips")
    return weights.grip
