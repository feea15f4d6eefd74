# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A corrector that fills, for tests against a server: ``install_plugin(folder, patch, "filling", FILLER)``."""

from __future__ import annotations

FILLER = '''
import time
from dataclasses import replace
from typing import Any, Literal
import numpy as np
from pydantic import Field
from plugins.api import *
from plugins.api import rotations as rot

class Tween(Corrector):
    """Goes straight from pose to pose, with a swing of chance between; varies by turning all joints a little."""
    name, label = "tween", "Tween"
    fills = True

    class Options(Corrector.Options):
        variation: float = Field(0.5, ge=0.0, le=1.0, description="How much is made anew of what was given")
        part: Literal["all", "right-arm", "head"] = Field("all", description="What of the body is made anew")
        swing: float = Field(0.2, ge=0.0, le=1.0, description="Radians")
        seconds: float = Field(0.0, ge=0.0, description="How long it takes")
        fails: bool = False

    def correct(self, motion: Motion, audio: Audio, options: Any, context: JobContext) -> Motion:
        context.progress(0.1, "Filling")
        size = options.swing * np.random.default_rng(context.seed).uniform(0.5, 1.0)
        kept = {i for c in context.constraints for i in _frames(motion, c.motion)}
        found = self._filled(motion, options, size, kept)
        for part in (0.0, 0.5):
            context.partial(self._filled(motion, options, part * size, kept))
            time.sleep(min(options.seconds, 1.0))
        end = time.monotonic() + options.seconds
        while time.monotonic() < end:
            context.progress(0.5, "Denoising")
            time.sleep(0.01)
        return motion if options.fails else found

    def _filled(self, motion, options, size, kept):
        posed = np.flatnonzero(np.isfinite(motion.positions).all(axis=(1, 2)))
        frames = np.arange(len(motion))
        after = posed[np.minimum(np.searchsorted(posed, frames), len(posed) - 1)]
        before = posed[np.maximum(np.searchsorted(posed, frames, side="right") - 1, 0)]
        part = (frames - before) / np.maximum(after - before, 1)
        weight = part[:, None, None]
        places = motion.positions[before] * (1 - weight) + motion.positions[after] * weight
        if motion.rotations is None:
            return replace(motion, positions=places + size * np.sin(np.pi * weight))
        local = rot.slerp(motion.rotations[before], motion.rotations[after], part[:, None])
        turn = np.zeros((len(motion), len(motion.skeleton), 3))
        names = {"all": ("neck", "right_upper_arm"), "right-arm": ("right_upper_arm",), "head": ("neck",)}[options.part]
        wild = np.where(np.isin(frames, posed), options.variation, 1.0)
        wild[list(kept)] = 0.0
        for name in names:
            turn[:, motion.skeleton.index(name), 2] = size * wild
        local = rot.multiply(local, rot.from_rotation_vector(turn))
        placed, _ = motion.skeleton.forward_kinematics(local, places)
        return replace(motion, positions=placed, rotations=local)

def _frames(motion, kept):
    return [round((t - motion.start) * motion.fps) for t in kept.times]

@hookimpl
def register_correctors(register):
    register(Tween())
'''
