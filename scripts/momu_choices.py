# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The shipped MoMu as it could have been, for quality_momu.py."""

from __future__ import annotations

import numpy as np


def varied():
    """Words -> (generator, options)."""
    from plugins.momu.checkpoint import load_weights
    from plugins.momu.engine import Engine
    from plugins.momu.generator import Momu

    class Sampled(Engine):
        """Events sampled with the postures, as any other latent."""

        def _timed(self, latents, expected):
            return latents

    momu, sampled = Momu(), Momu()
    momu.load("cpu")
    sampled._engine = Sampled(load_weights())
    return {
        "as it is: events from the mean, guidance 1.5, 12 steps": (momu, {}),
        "events sampled": (sampled, {}),
        "guidance 0.5": (momu, {"guidance": 0.5}),
        "guidance 1": (momu, {"guidance": 1.0}),
        "guidance 2.5": (momu, {"guidance": 2.5}),
        "6 steps": (momu, {"steps": 6}),
        "25 steps": (momu, {"steps": 25}),
    }


def kept_turns(weights, clips, chosen) -> float:
    """F1 at 70 ms of the bow's turns, encoded and decoded again, mean over recordings."""
    import torch

    from plugins.api.log_mel import FPS
    from plugins.api.strokes import pick_turns
    from plugins.momu.engine import Engine
    from plugins.momu.performing import TURNS
    from training.metrics import event_f1
    from training.momu.playing import places_of

    engine, found = Engine(weights), []
    for recording in chosen:
        places = places_of(clips, recording, weights.body.joints, 60.0)
        features = torch.from_numpy(engine.features(places[: len(places) // 4 * 4]).astype(np.float32))[None]
        with torch.no_grad():
            both = [
                engine.joints.raw(f)[0, :, -1] for f in (features, engine.motion.decode(engine.motion.encode(features)))
            ]
        real, again = (np.array(pick_turns(turn.double().numpy(), FPS, TURNS)) / FPS for turn in both)
        found.append(event_f1(real, again, 0.07))
    return float(np.mean(found))
