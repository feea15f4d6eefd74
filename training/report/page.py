# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The report as a page of Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from plugins.api.log_mel import FPS
from training.a2m_clips import Clips
from training.report import tables, words
from training.report.contestants import Contestant
from training.report.fold_windows import Judged
from training.report.measuring import SPLITS, Measured


@dataclass(frozen=True)
class Film:
    """A film, a picture of it, and what it shows."""

    path: Path
    still: Path
    caption: str


@dataclass(frozen=True)
class Report:
    """Everything that is told.

    Attributes:
        measured: each split. judged: in windows, folds and what stands beside them.
        plots: what it shows, and its file.
    """

    clips: Clips
    instrument: str
    joints: tuple[str, ...]
    contestants: Sequence[Contestant]
    measured: Sequence[Measured]
    judged: Sequence[Judged]
    plots: Sequence[tuple[str, Path]]
    film: Film | None

    def write(self, out: Path) -> None:
        out.write_text("\n".join(self._lines()) + "\n", encoding="utf-8")

    def _lines(self) -> Iterator[str]:
        yield f"# A2M, {self.instrument}: what was measured"
        yield ""
        yield from words.opening(self.clips.card_sha256, len(self.clips.recordings))
        yield ""
        yield from self._weights()
        if self.film is not None:
            film = self.film
            yield from ("", f"[![{film.caption}]({film.still.name})]({film.path.name})", "", f"{film.caption}.")
        for title, path in self.plots:
            yield from ("", f"![{title}]({path.name})")
        yield from ("", "## How it was measured", "", *words.methods(self.instrument, self.joints))
        for measured in self.measured:
            yield from ("", *self._split(measured))
        if self.judged:
            yield from ("", *self._folds())

    def _weights(self) -> Iterator[str]:
        yield from tables.head("weights", ["parameters", "hears", "steps, at most", "window", "remarks"])
        for who in self.contestants:
            weights = who.predictor.weights
            hears = "sound and score" if weights.model.score_features else "sound"
            window = f"{weights.window / FPS:g} s"
            yield tables.row(who.name, [f"{who.parameters:,}", hears, _steps(who), window, self._remarks(who)])

    def _remarks(self, who: Contestant) -> str:
        weights = who.predictor.weights
        said = [text for text, holds in (("strokes", weights.strokes), ("sway", weights.sway is not None)) if holds]
        said += [f"random fold {who.fold} held out"] * (who.fold is not None)
        said += ["trained on other clips"] * (who.data_card != self.clips.card_sha256)
        return tables.plain(", ".join([who.variant, *said] if who.variant else said))

    def _split(self, measured: Measured) -> Iterator[str]:
        pieces = len({r.piece for r in measured.recordings})
        players = len({r.performer for r in measured.recordings})
        minutes = sum(r.frames for r in measured.recordings) / FPS / 60
        yield f"## {SPLITS[measured.split]}"
        yield ""
        about = f"{len(measured.recordings)} recordings, {minutes:.1f} minutes, of {pieces} pieces by {players} players"
        yield f"{about}; clips of {measured.length / FPS:g} s."
        yield ""
        yield from tables.distance_table(measured)
        yield from tables.order(measured, self.contestants)
        for columns in (tables.WRISTS, tables.TIMING, tables.SMOOTHNESS, tables.CONTACT):
            if lines := tables.figure_table(measured, columns):
                yield from ("", *lines)
        yield from self._groups(measured)

    def _groups(self, measured: Measured) -> Iterator[str]:
        figure = next((c for c in (tables.TIMING[0], tables.WRISTS[0]) if _has(measured, c[1])), None)
        for what in ("piece", "player"):
            names = [r.piece if what == "piece" else r.performer for r in measured.recordings]
            for heading, column in (("FD_g", None), (figure[0] if figure else "", figure)):
                if heading:
                    yield from ("", f"{heading}, each {what}:", "")
                    yield from tables.group_table(measured, what, names.__getitem__, column)

    def _folds(self) -> Iterator[str]:
        yield "## The paper's random five-fold, beside the honest split"
        yield ""
        yield from words.prose(words.FOLDS)
        yield ""
        yield from tables.head("weights", ["unseen", "windows", "FD_g", "FD_k", "ED_g", "ED_k"])
        for one in self.judged:
            yield tables.row(one.name, [one.unseen, str(one.windows), *(f"{v:.1f}" for v in one.distances.values())])
        folds = [one for one in self.judged if one.unseen.startswith("fold")]
        if len(folds) > 1:
            values = [[one.distances[key] for one in folds] for key in folds[0].distances]
            cells = [f"{np.mean(v):.1f} ± {np.std(v, ddof=1):.1f}" for v in values]
            yield tables.row(f"mean of {len(folds)} folds ± SD", ["", str(sum(f.windows for f in folds)), *cells])


def _has(measured: Measured, name: str) -> bool:
    return any(np.isfinite(entry.column(name)).any() for entry in measured.entries[1:])


def _steps(who: Contestant) -> str:
    steps = who.trained.get("max_steps")
    return f"{steps:,}" if steps else f"{who.trained.get('epochs', '?')} epochs"
