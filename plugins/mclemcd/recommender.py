# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The ``mclemcd`` recommender: music for a dance.

All tracks are compared by rhythm with one matrix product; of the best few hundred it is then looked where the motion
falls best. Nothing is learned, unless there are weights for the style of dances (docs/dance-style.md): then how near
motion and music are in the room that the two networks share counts, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np
import numpy.typing as npt
from pydantic import Field

from plugins.api import Array, Audio, ComponentError, JobContext, Library, Motion, Recommendation, Recommender
from plugins.mclemcd.checkpoint import usual_place
from plugins.mclemcd.embedder import Embedder
from plugins.mclemcd.listening import listen
from plugins.mclemcd.matching import RHYTHM, Matcher, Place, settled
from plugins.mclemcd.movement import watch
from plugins.mclemcd.reasons import reason
from plugins.mclemcd.style import fingerprint

VERSION: Final = "1"
"""Of what is kept of a track."""
DETAILED: Final = 200
"""Tracks that are looked at in detail."""
STYLE: Final = 1.0
"""What style counts for, in deviations among the tracks."""


@dataclass(frozen=True)
class _Candidate:
    """A track and where the motion falls in it."""

    index: int
    place: Place
    style: float

    @property
    def score(self) -> float:
        return self.place.score + STYLE * self.style


class MusicForDance(Recommender):
    """Finds the tracks that a dance goes with: by tempo and metre, by beats that fall together, by loudness that goes
    with liveliness, and by style where you trained weights for it."""

    name = "mclemcd"
    label = "Music for a dance"
    checkpoint: ClassVar[str] = VERSION
    describing = ("weights",)

    class Options(Recommender.Options):
        tempo_change: float = Field(
            0.08, ge=0.0, le=0.5, title="Tempo change", description="How much faster or slower a track may be played"
        )
        count: int = Field(50, ge=1, le=1000, title="Tracks", description="How many tracks to recommend at most")
        weights: str = Field(
            "", title="Style weights", description="File that cadenza-train mclemcd wrote; empty: usual place"
        )

    def __init__(self) -> None:
        self._embedders: dict[Path, Embedder] = {}
        type(self).checkpoint = f"{VERSION} {fingerprint(usual_place())}".strip()

    def describe(self, audio: Audio, options: Any, context: JobContext) -> Mapping[str, Array]:
        context.progress(0.0, "Listening")
        kept: dict[str, Array] = dict(listen(audio, context.check_cancelled))
        embedder = self._embedder(options.weights)
        if embedder is not None:
            kept["style"] = embedder.music(audio).astype(np.float32)
        return kept

    def recommend(self, motion: Motion, library: Library, options: Any, context: JobContext) -> list[Recommendation]:
        context.progress(0.0, "Watching the motion")
        if not len(library.paths):
            return []
        matcher = Matcher(watch(motion), options.tempo_change)
        rhythm = library.matrix("rhythm")
        context.progress(0.1, "Comparing tempo and metre")
        likely = rhythm.reshape(len(rhythm), -1) @ matcher.coarse().ravel().astype(np.float32)
        rough = RHYTHM * np.log(np.maximum(likely, 1e-9))
        style = self._style(motion, library, options)
        chosen = np.argsort(-(rough + STYLE * style), kind="stable")[: max(DETAILED, options.count)]
        found = []
        for done, index in enumerate(chosen):
            context.progress(0.2 + 0.7 * done / len(chosen), "Trying the best tracks")
            place = matcher.place(library.arrays(int(index)))
            found.append(_Candidate(int(index), place, float(style[index])))
        context.progress(0.9, "Placing the motion")
        return _answer(matcher, library, _best(found)[: options.count], bool(style.any()))

    def _style(self, motion: Motion, library: Library, options: Any) -> npt.NDArray[np.float64]:
        """(N,) how near each track's style is to the motion's, in deviations; 0 without weights, and for a body that
        they do not know."""
        none = np.zeros(len(library.paths))
        embedder = self._embedder(options.weights)
        if embedder is None:
            return none
        try:
            wanted = embedder.motion(motion)
        except ComponentError:
            return none
        apart = np.linalg.norm(library.matrix("style") - wanted, axis=1)
        return np.asarray((apart.mean() - apart) / max(float(apart.std()), 1e-9))

    def _embedder(self, weights: str) -> Embedder | None:
        """The style's networks: those that are named, else those of the usual place, else none."""
        path = Path(weights) if weights else usual_place()
        if not weights and not path.is_file():
            return None
        if path not in self._embedders:
            self._embedders[path] = Embedder(path)
        return self._embedders[path]


def _best(found: Sequence[_Candidate]) -> list[_Candidate]:
    return sorted(found, key=lambda c: (-c.score, c.index))


def _answer(matcher: Matcher, library: Library, best: Sequence[_Candidate], styled: bool) -> list[Recommendation]:
    """The best tracks, each placed more finely."""
    fine = []
    for candidate in best:
        kept = library.arrays(candidate.index)
        place = matcher.refine(kept, candidate.place)
        place = settled(place, matcher.movement.accent_times, kept["beats"].astype(np.float64))
        fine.append((_Candidate(candidate.index, place, candidate.style), kept))
    fine.sort(key=lambda pair: (-pair[0].score, pair[0].index))
    return [
        Recommendation(
            library.paths[c.index],
            round(c.score, 4),
            round(c.place.offset, 3),
            round(c.place.ratio, 4),
            reason(matcher.movement, kept, c.place, c.style if styled else None),
        )
        for c, kept in fine
    ]
