# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Simulated violinists that nobody trained on, for MoMu to be judged by: their music, their bows, their motion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api import Audio, Constraint, Generator, JobContext, Motion, PostStep
from plugins.api.log_mel import FPS
from plugins.momu.config import Ask
from plugins.momu.constraints import KeepFrames
from plugins.momu.engine import Engine
from plugins.momu.vocoder import sound
from training.a2m_clips import Clips, ClipsError, Recording
from training.datasets.markers import JOINTS
from training.momu.distances import acceleration, borders, kept_error, seam_ratio
from training.momu.judge_players import Played
from training.report.music import music_of

RATE: Final = 22050


def recordings(clips: Clips, split: str, most: int) -> list[Recording]:
    """At most so many of a split, spread over it."""
    every = clips.split(split)
    return every[:: max(1, -(-len(every) // most))][:most]


def played(clips: Clips, corpus: Path, chosen: Sequence[Recording], seconds: float) -> list[Played]:
    """The beginnings of recordings, with their sound from the corpus."""
    import soundfile

    found = []
    for recording in chosen:
        folder = f"{recording.piece}/{recording.performer}/{recording.trial}"
        path = next(corpus.rglob(f"{folder}/*_audio.wav"), None)
        if path is None:
            raise ClipsError(f"{corpus} has no sound of {folder}; give the corpus that the clips were cut from")
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True, frames=-1)
        audio = Audio(samples.mean(axis=1)[: round(seconds * rate)], rate)
        turned = music_of(clips, recording).turns
        assert turned is not None
        found.append(Played(folder, recording.piece, audio, None, turned[turned < audio.duration]))
    return found


def places_of(clips: Clips, recording: Recording, joints: Sequence[str], seconds: float) -> npt.NDArray[np.float64]:
    """(T, J, 3) metres from the hips."""
    columns = [JOINTS.index(joint) for joint in joints]
    rows = slice(recording.offset, recording.offset + min(recording.frames, round(seconds * FPS)))
    places = clips.joints[rows][:, columns].astype(np.float64)
    return np.asarray(places - places[:, :1])


def player(generator: Generator, ik: PostStep, fps: float = 40.0) -> Callable[..., Motion]:
    """A generator that is loaded, with inverse kinematics behind it, and what is kept."""

    def play(one: Played, seed: int, constraints: Sequence[Constraint] = (), **options: Any) -> Motion:
        context = JobContext(seed=seed, fps=fps, constraints=constraints)
        motion = generator.generate(one.audio, generator.Options(**options), context)
        return KeepFrames().apply(ik.apply(motion, ik.Options(), context), None, context)

    return play


def maker(engine: Engine, motions: dict[str, npt.NDArray[np.float64]], guidance: float) -> Callable[..., Audio]:
    """The sound that is made for each one's motion."""

    def make(one: Played, seed: int) -> Audio:
        heard = engine.compose(motions[one.name], seed, Ask(guidance=guidance), lambda done: None)
        return Audio(sound(heard, seed), RATE)

    return make


@dataclass(frozen=True)
class Kept:
    """How well poses are kept: millimetres and degrees at most; how much harder joints accelerate at the borders of
    what is kept than elsewhere, the same of the take without anything kept, and how much harder than the take that is
    kept and that one do in the same frames, on average: more may happen there in the music than elsewhere."""

    millimetres: float
    degrees: float
    seam: float
    free_seam: float
    same_frames: float


def keeping(play: Callable[..., Motion], one: Played, spans: Sequence[tuple[float, float]]) -> Kept:
    """One take's spans (seconds) kept in a take of another seed."""
    source, free = play(one, 11), play(one, 12)
    constraints = [Constraint(source.slice(begin, end)) for begin, end in spans]
    made = play(one, 12, constraints)
    kept = np.zeros(len(made), dtype=bool)
    for constraint in constraints:
        kept[np.round(constraint.motion.times * made.fps).astype(int)] = True
    at = borders(kept, reach=round(0.25 * made.fps))
    return Kept(
        1000.0 * kept_error(source.positions, made.positions, kept),
        _turned(source, made, kept),
        seam_ratio(made.positions, at),
        seam_ratio(free.positions, at),
        _acceleration(made, at) / (0.5 * (_acceleration(source, at) + _acceleration(free, at))),
    )


def _acceleration(motion: Motion, frames: npt.NDArray[np.bool_]) -> float:
    """Mean acceleration of all joints in these frames."""
    return float(acceleration(motion.positions)[frames[1:-1]].mean())


def _turned(source: Motion, made: Motion, kept: npt.NDArray[np.bool_]) -> float:
    assert source.rotations is not None
    assert made.rotations is not None
    products = (source.rotations[kept].astype(np.float64) * made.rotations[kept]).sum(axis=-1)
    return float(np.degrees(2.0 * np.arccos(np.clip(np.abs(products), 0.0, 1.0))).max())
