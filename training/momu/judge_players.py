# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Musicians: whether the bow turns in time and takes differ; and whether a sound that was made for a motion fits it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from plugins.api import Audio, Motion
from plugins.api.log_mel import log_mel
from training.metrics import Floats, event_f1
from training.momu.beats import SAMPLE_RATE, coverage, loris, whole_seconds
from training.momu.beats import onsets as loris_onsets
from training.momu.distances import Measure, acceleration, sounding
from training.momu.judge_dances import take_distance
from training.momu.judged import Column, Judged, another
from training.performance_metrics import bow_reversals
from training.report.bootstrap import Moments, frechet

TOLERANCE: Final = 0.07
"""Seconds that a bow change or an onset may be off."""
HOP: Final = 256
"""Samples at 22,050 Hz from one look for an onset to the next, 12 ms."""
REAL: Final = "real"
UNRELATED: Final = "unrelated music"
PLAYING: Final[tuple[Column, ...]] = (
    ("bow changes, F1 at 70 ms", "bow", 1.0, 3),
    ("with other music", "bow_chance", 1.0, 3),
    ("between seeds, mm", "seeds", 1000.0, 1),
    ("acceleration, m/s²", "acceleration", 1.0, 1),
)
SOUNDING: Final[tuple[Column, ...]] = (
    ("onsets, F at 70 ms", "onset", 1.0, 3),
    ("with other music", "onset_chance", 1.0, 3),
    ("onsets a second", "rate", 1.0, 2),
    ("FAD", "FAD", 1.0, 1),
    *((name, name, 100.0, 1) for name in ("BCS", "CSD", "BHS", "HSD", "F1")),
)


@dataclass(frozen=True, eq=False)
class Played:
    """A recording of who plays; motion and sound begin together.

    Attributes:
        motion: of the body, violin and bow, where it is known whole.
        turned: seconds from the beginning at which the bow turns, where they are known better than from the motion.
    """

    name: str
    piece: str
    audio: Audio = field(repr=False)
    motion: Motion | None = field(default=None, repr=False)
    turned: Floats | None = field(default=None, repr=False)

    @property
    def turns(self) -> Floats:
        """Seconds from the beginning at which the bow turns."""
        if self.turned is not None:
            return self.turned
        if self.motion is None:
            raise ValueError(f"{self.name} has neither a motion nor the turns of its bow")
        return turns_of(self.motion)


Player = Callable[[Played, int], Motion]
"""(recording, seed) -> the motion that was made for its sound, with bow and violin."""
Maker = Callable[[Played, int], Audio]
"""(recording, seed) -> the sound that was made for its motion."""


def judge_players(played: Sequence[Played], players: Mapping[str, Player], seeds: Sequence[int] = (0,)) -> Judged:
    """Motions that were made for sounds; figures of a recording are means over the seeds."""
    judged = Judged(tuple(one.name for one in played))
    turns = [one.turns for one in played]
    real = [one.motion for one in played if one.motion is not None]
    contestants: dict[str, Sequence[Sequence[Motion]]] = {}
    if len(real) == len(played):
        contestants[REAL] = [[motion] for motion in real]
    for name, player in players.items():
        contestants[name] = [[player(one, seed) for seed in seeds] for one in played]
    for name, made in contestants.items():
        judged.add(name, [_playing(played, turns, i, takes) for i, takes in enumerate(made)])
    return judged


def turns_of(motion: Motion) -> Floats:
    """Seconds from the motion's beginning at which its bow turns."""
    return bow_reversals(motion) - motion.start


def _playing(played: Sequence[Played], turns: Sequence[Floats], i: int, takes: Sequence[Motion]) -> dict[str, float]:
    other = another([one.piece for one in played], i)
    both = min(played[i].audio.duration, played[other].audio.duration)
    found = [turns_of(take) for take in takes]
    figures = {
        "bow": _mean(event_f1(turns[i], times, TOLERANCE) for times in found),
        "bow_chance": _mean(_f_until(turns[other], times, both) for times in found),
        "acceleration": _mean(float(acceleration(take.positions).mean()) for take in takes),
    }
    if len(takes) > 1:
        figures["seeds"] = take_distance([take.positions for take in takes])
    return figures


def judge_sounds(played: Sequence[Played], makers: Mapping[str, Maker], seeds: Sequence[int] = (0,)) -> Judged:
    """Sounds that were made for motions, against those that they were recorded with; one row is the sound of another
    recording. FAD is of ``distances.sounding``, with all seeds together."""
    judged = Judged(tuple(one.name for one in played))
    others = [another([one.piece for one in played], i) for i in range(len(played))]
    contestants: dict[str, list[list[Audio]]] = {
        REAL: [[one.audio] for one in played],
        UNRELATED: [
            [_looped(played[other].audio, one.audio.duration)] for one, other in zip(played, others, strict=True)
        ],
    }
    for name, maker in makers.items():
        contestants[name] = [[maker(one, seed) for seed in seeds] for one in played]
    heard = [onsets(one.audio) for one in played]
    seconds = [whole_seconds(loris_onsets(one.audio), one.audio.duration) for one in played]
    real = [[sounding(log_mel(one.audio.samples, one.audio.sample_rate))] for one in played]
    measure = Measure.of([rows for takes in real for rows in takes])
    theirs = Moments.of([[measure(rows) for rows in takes] for takes in real])
    for name, made in contestants.items():
        figures = []
        for i, takes in enumerate(made):
            far = min(played[i].audio.duration, played[others[i]].audio.duration)
            figures.append(_sounds(takes, heard[i], heard[others[i]], seconds[i], far))
        ours = [[measure(sounding(log_mel(take.samples, take.sample_rate))) for take in takes] for takes in made]
        covered, hit = ([found[key] for found in figures] for key in ("covered", "hit"))
        distance = frechet(theirs, Moments.of(ours), judged.weights)
        judged.add(name, figures, FAD=distance, **loris(covered, hit, judged.weights))
    return judged


def _sounds(
    takes: Sequence[Audio], own: Floats, other: Floats, seconds: npt.NDArray[np.bool_], far: float
) -> dict[str, float]:
    found = [onsets(take) for take in takes]
    scores = [coverage(seconds, whole_seconds(loris_onsets(take), take.duration)) for take in takes]
    return {
        "onset": _mean(event_f1(own, times, TOLERANCE) for times in found),
        "onset_chance": _mean(_f_until(other, times, far) for times in found),
        "rate": _mean(len(times) / take.duration for times, take in zip(found, takes, strict=True)),
        "covered": _mean(score[0] for score in scores),
        "hit": _mean(score[1] for score in scores),
    }


def onsets(audio: Audio) -> Floats:
    """Seconds from the sound's start: peaks of librosa's onset strength, each 12 ms."""
    import soxr
    from librosa.onset import onset_detect

    samples = audio.samples
    if audio.sample_rate != SAMPLE_RATE:
        samples = soxr.resample(samples, audio.sample_rate, SAMPLE_RATE, quality="HQ")
    if not np.any(samples):
        return np.empty(0)
    return np.asarray(onset_detect(y=samples, sr=SAMPLE_RATE, hop_length=HOP, units="time"), dtype=np.float64)


def _f_until(reference: Floats, found: Floats, seconds: float) -> float:
    return event_f1(reference[reference < seconds], found[found < seconds], TOLERANCE)


def _looped(audio: Audio, seconds: float) -> Audio:
    return Audio(np.resize(audio.samples, max(1, round(seconds * audio.sample_rate))), audio.sample_rate)


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))
