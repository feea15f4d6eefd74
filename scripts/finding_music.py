# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Dances and their music, measured: where each dance's own music is ranked, and why (for ``quality_recommend.py``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from dancing import RATE, beats_of, loudness_of, music, stepping

from backend.audio_files import read_audio
from plugins.api import Audio, JobContext, Motion
from plugins.api.testing import DescribedTracks
from plugins.mclemcd.agreement import Moved
from plugins.mclemcd.listening import CLOCK, SLOW
from plugins.mclemcd.matching import WEIGHTS
from plugins.mclemcd.movement import watch
from plugins.mclemcd.recommender import MusicForDance
from plugins.mclemcd.rhythm import levelled
from training.datasets.music_to_dance import BEFORE, POSITIONS, read_dance

FRAMES_OF_A_BAR = {"waltz": (11.0, 13.5), "rumba": (46.0, 54.0), "cha-cha": (46.0, 54.0)}
"""Where the frames of a bar are looked for: around what the capture's own repetitions show."""
BEATS_OF_A_BAR = {"waltz": 3, "rumba": 4, "cha-cha": 4}


@dataclass(frozen=True)
class Pair:
    """A dance, its music, where in the music it begins, and where it is shown from."""

    name: str
    label: str
    motion: Motion
    audio: Audio
    kept: Mapping[str, Any]
    offset: float

    @property
    def beat(self) -> float:
        """Seconds."""
        return 1.0 / float(self.kept["tempo"][0, 0])


@dataclass(frozen=True)
class Ranks:
    """Of each dance, the place of its own music, and whether it was put within a beat of where it belongs."""

    places: np.ndarray
    right: np.ndarray
    ratios: np.ndarray

    def row(self, name: str) -> str:
        top1, top3 = (float((self.places <= k).mean()) for k in (1, 3))
        low, high = wilson(int((self.places <= 3).sum()), len(self.places))
        rank = float((1.0 / self.places).mean())
        both = float((self.right & (self.places <= 3)).mean())
        return f"| {name} | {top1:.2f} | {top3:.2f} ({low:.2f} to {high:.2f}) | {rank:.3f} | {self.right.mean():.2f} | {both:.2f} |"


def wilson(hits: int, count: int) -> tuple[float, float]:
    """95 % interval of a share (E. Wilson, 1927)."""
    z, p = 1.96, hits / count
    middle, half = p + z**2 / (2 * count), z * np.sqrt(p * (1 - p) / count + z**2 / (4 * count**2))
    return float((middle - half) / (1 + z**2 / count)), float((middle + half) / (1 + z**2 / count))


def read_pairs(folder: Path, recommender: MusicForDance) -> list[Pair]:
    found = []
    for path in sorted(folder.glob("DANCE_*_*.npz")):
        dance = read_dance(path)
        audio = read_audio(path.with_suffix(".ogg"))
        kept = recommender.describe(audio, recommender.Options(), JobContext())
        with np.load(path, allow_pickle=False) as held:
            offset = min(BEFORE, int(held["start_position"]) / POSITIONS)
        found.append(Pair(dance.name, dance.label, dance.motion, audio, kept, offset))
    return found


def ranked(pairs: Sequence[Pair], recommender: MusicForDance, change: float = 0.08) -> Ranks:
    """Each motion against the music of all."""
    paths = [Path(pair.name) for pair in pairs]
    library = DescribedTracks(paths, np.array([p.audio.duration for p in pairs]), [p.kept for p in pairs])
    options = recommender.Options(count=len(pairs), tempo_change=change)
    places, right, ratios = [], [], []
    for pair in pairs:
        answer = recommender.recommend(pair.motion, library, options, JobContext())
        place = [r.path.name for r in answer].index(pair.name)
        places.append(place + 1)
        right.append(abs(answer[place].offset - pair.offset) <= pair.beat)
        ratios.append(answer[place].tempo_ratio)
    return Ranks(np.array(places), np.array(right), np.array(ratios))


def middle(pair: Pair, seconds: float) -> Pair:
    """The middle of a dance alone."""
    first = max(0.0, (pair.motion.duration - seconds) / 2.0)
    cut = pair.motion.slice(first, first + seconds)
    return replace(pair, motion=replace(cut, start=0.0), offset=pair.offset + cut.start)


def reclocked(pairs: Sequence[Pair], ratios: np.ndarray) -> list[Pair]:
    """Dances on a clock that is put right by the median of what all *other* dances need at their own music."""
    out = []
    for i, pair in enumerate(pairs):
        other = float(np.median(np.delete(ratios, i)))
        out.append(replace(pair, motion=replace(pair.motion, fps=pair.motion.fps / other)))
    return out


def frames_of_bar(pair: Pair) -> float:
    """Frames after which the motion repeats itself best, in the range where a bar is."""
    places = pair.motion.positions.astype(np.float64)
    speed = np.linalg.norm(np.gradient(places, axis=0), axis=2)
    curves = levelled(np.concatenate([speed, places[..., 2]], axis=1), pair.motion.fps, 8.0)
    low, high = FRAMES_OF_A_BAR[pair.label]
    lengths = np.arange(low, high, 0.01)
    times = np.arange(len(curves))
    bell = np.hanning(len(curves))[:, None]
    power = [
        sum(float((np.abs(np.exp(-2j * np.pi * k * times / n) @ (curves * bell)) ** 2).sum()) for k in (1, 2, 3))
        for n in lengths
    ]
    return float(lengths[int(np.argmax(power))])


def ideal(pairs: Sequence[Pair], frames: Sequence[float]) -> Ranks:
    """Who knows each track's tempo, its metre, and the frames of a bar, and has nothing else: by how far tempi differ."""
    tempo = np.array([float(p.kept["tempo"][0, 0]) for p in pairs])
    triple = np.array([p.label == "waltz" for p in pairs])
    places = []
    for i, (pair, count) in enumerate(zip(pairs, frames, strict=True)):
        danced = pair.motion.fps / count * BEATS_OF_A_BAR[pair.label]
        apart = np.abs(np.log(danced / tempo)) + 10.0 * (triple != triple[i])
        # Of as near ones the mean place.
        nearer, alike = (apart < apart[i] - 0.002).sum(), (np.abs(apart - apart[i]) <= 0.002).sum()
        places.append(1 + nearer + (alike - 1) / 2.0)
    none = np.zeros(len(pairs), dtype=bool)
    return Ranks(np.array(places), none, np.ones(len(pairs)))


def same_poses(pairs: Sequence[Pair], enough: float = 0.75) -> list[tuple[float, str, str, int]]:
    """Pairs of dances whose heights of joints go together frame by frame from the first one on."""
    heights = {p.name: p.motion.positions[..., 2] - p.motion.positions[..., 2].mean(axis=0) for p in pairs}
    found = []
    for i, a in enumerate(pairs):
        for b in pairs[i + 1 :]:
            count = min(len(heights[a.name]), len(heights[b.name]))
            together = np.corrcoef(heights[a.name][:count].ravel(), heights[b.name][:count].ravel())[0, 1]
            if a.label == b.label and together >= enough:
                found.append((float(together), a.name, b.name, count))
    return sorted(found, reverse=True)


def traces(pairs: Sequence[Pair]) -> dict[str, tuple[float, float]]:
    """Of each kind of agreement the mean over the motions, and its standard error: at the true place (within 0.2 s), in
    deviations of the agreement along all other tracks of that dance."""
    out = {}
    movements = [watch(pair.motion) for pair in pairs]
    for name in WEIGHTS:
        clock = SLOW if name == "energy" else CLOCK
        found = []
        for pair, movement in zip(pairs, movements, strict=True):
            curve = Moved(getattr(movement, name))
            first, own = Moved(pair.kept[name]).along(curve)
            at = np.interp((pair.offset + np.array([-0.2, 0.0, 0.2])) * clock - first, np.arange(len(own)), own)
            others = [Moved(o.kept[name]).along(curve)[1] for o in pairs if o.label == pair.label and o is not pair]
            chance_of = np.concatenate(others)
            found.append((at.mean() - chance_of.mean()) / chance_of.std())
        out[name] = (float(np.mean(found)), float(np.std(found) / np.sqrt(len(found))))
    return out


def steps_on(pair: Pair, seed: int, fps: float, loudness: float, seconds: float = 38.0) -> Pair:
    """In place of the dance somebody who steps on the beats of this music, larger where it is louder."""
    import librosa

    heard = librosa.beat.beat_track(
        y=pair.audio.samples, sr=pair.audio.sample_rate, start_bpm=60.0 / pair.beat, hop_length=256, units="time"
    )[1]
    energy = np.asarray(pair.kept["energy"], dtype=np.float64)
    size = np.clip(np.exp(loudness * np.interp(heard, np.arange(len(energy)) / 4.0, energy) / 8.0), 0.2, 3.0)
    start = 5.0 if pair.audio.duration > seconds + 5.0 else 0.0
    inside = (heard >= start - 1.0) & (heard <= start + seconds + 1.0)
    late = 0.03 * np.random.default_rng(seed).normal(size=int(inside.sum()))
    metre = BEATS_OF_A_BAR[pair.label]
    seconds = min(seconds, pair.audio.duration - start)
    motion = stepping(heard[inside] - start + late, size[inside], fps, seconds=seconds, seed=seed, metre=metre)
    return replace(pair, motion=motion, offset=start)


def made_up(recommender: MusicForDance, fps: float, count: int = 24, seconds: float = 40.0) -> list[Pair]:
    """Generated tracks, all at 100 beats a minute with rests and accents of their own, and who steps on them."""
    out = []
    for seed in range(count):
        beats = beats_of(100.0, 90.0, seed=seed)
        loud = loudness_of(len(beats), seed)
        audio = Audio(music(beats, loud, 90.0, seed=seed), RATE)
        kept = recommender.describe(audio, recommender.Options(), JobContext())
        start = 10.0 + seed % 7
        inside = (beats > start - 1.0) & (beats < start + seconds + 1.0)
        motion = stepping(beats[inside] - start, 0.4 + 0.8 * loud[inside], fps, seconds=seconds, seed=seed)
        out.append(Pair(f"track {seed}", "made up", motion, audio, kept, start))
    return out


def chance(pairs: Sequence[Pair], name: str = "drawing lots") -> str:
    """What who draws lots has: any order, any place."""
    count = len(pairs)
    rank = float((1.0 / np.arange(1, count + 1)).mean())
    right = float(np.mean([_lucky(pair) for pair in pairs]))
    return f"| {name} | {1 / count:.2f} | {3 / count:.2f} | {rank:.3f} | {right:.2f} | {3 / count * right:.3f} |"


def _lucky(pair: Pair) -> float:
    """Part of the places at which all of the motion has music (of all places where that is nowhere so) that are right."""
    room = pair.audio.duration - pair.motion.duration
    low, high = (0.0, room) if room > 0.0 else (room - pair.audio.duration / 2.0, pair.audio.duration / 2.0)
    within = min(high, pair.offset + pair.beat) - max(low, pair.offset - pair.beat)
    return float(np.clip(within / (high - low), 0.0, 1.0))
