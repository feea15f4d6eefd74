# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What was measured of the recognisers, as a page of Markdown with plots."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from training.recognition.evaluate import Confusion, Figures, confusion_lines, table
from training.recognition.judging import SURENESS, Judged
from training.report.bootstrap import draws, estimate, mean

SHOWN: Final = ("beat F", "beat P", "beat R", "CMLt", "AMLt", "downbeat F", "phrase F", "CPU s a minute")
PHRASES: Final = ("phrase F", "phrase P", "phrase R", "phrase F, evenly spaced")
HOW: Final = (
    "- **Performances**: real players' note times (corpora and pieces below; at most 120 s of each, a second of "
    "silence first), which nothing was trained on, sounded by synthesisers that no training heard.",
    "- **Truth**: an onset is the moment at which the note begins to be played (its MIDI time), however late a patch "
    "grows loud. Nothing is trimmed.",
    "- **Figures**: F, precision, recall by mir_eval, 70 ms for beats and downbeats, 0.7 s for phrases; CMLt, AMLt. "
    "Means over pieces, of each the mean over its performances and sounds; in brackets 95 % by the bootstrap over "
    "pieces. There are few pieces: compare in the same row of pieces.",
    "- **CPU**: processor seconds a minute of sound, networks included, one thread.",
)


def write(
    out: Path, judged: Sequence[Judged], clips: Sequence[Figures], confusions: Sequence[Confusion], opening: str
) -> None:
    """The page and its plots, beside it."""
    plots = [_plot(judged, out.with_name(f"{out.stem}_beats.png"))] if judged else []
    lines = [
        "# Recognition: what was measured",
        "",
        "Made by `cadenza-train evaluate-recognition`; do not edit.",
        "",
        opening,
        *(f"\n![Beats and downbeats]({path.name})" for path in plots),
    ]
    if judged:
        lines += ["", "## Beats, downbeats and phrases, real timing", "", *HOW, *_real(judged)]
    if clips:
        lines += ["", "## Simulated performances", "", *CLIPS, "", table(clips)]
        for confusion in confusions:
            lines += ["", *confusion_lines(confusion)]
    out.write_text("\n".join(lines) + "\n", encoding="utf-8")


CLIPS: Final = (
    "Recordings of pieces and of players that were not trained on, means over recordings. Dynamics (six classes) and "
    "articulation (neutral, legato, staccato): accuracy over frames and macro-F, beside the accuracy of always saying "
    "the commonest class of the training clips. *From*: what the network was given.",
)


def _real(judged: Sequence[Judged]) -> Iterator[str]:
    for instrument in _once(j.instrument for j in judged):
        of = [j for j in judged if j.instrument == instrument]
        pieces, sounds = len(_once(_piece(j) for j in of)), list(_once(j.sound for j in of))
        names = len(_once((j.corpus, j.piece, j.name) for j in of))
        yield f"\n### {instrument.capitalize()}: {pieces} pieces, {names} performances, {', '.join(sounds)}\n"
        yield from rows_of(of, SHOWN)
        for sound in sounds if len(sounds) > 1 else ():
            yield f"\n{sound} alone:\n"
            yield from rows_of([j for j in of if j.sound == sound], SHOWN[:6])
        yield "\nOf the beats that a tracker was sure of, and of the others, the part that is right (70 ms):\n"
        yield from rows_of([j for j in of if any(k in j.values for k in SURENESS)], tuple(SURENESS))
        yield "\nBeats, F at 70 ms, each piece:\n"
        yield from pieces_of(of, "beat F")
        if any("phrase F" in j.values for j in of):
            yield "\nPhrases, 0.7 s (only ours looks for them; beside it marks spaced evenly by the true median gap):\n"
            yield from rows_of([j for j in of if "phrase F" in j.values], PHRASES)


def rows_of(judged: Sequence[Judged], columns: Sequence[str]) -> Iterator[str]:
    """A row a tracker: means over pieces with intervals."""
    yield f"| tracker | {' | '.join(columns)} |"
    yield "|---" * (len(columns) + 1) + "|"
    for tracker in _once(j.tracker for j in judged):
        cells = [_cell([j for j in judged if j.tracker == tracker], column) for column in columns]
        yield f"| {tracker} | {' | '.join(cells)} |"


def pieces_of(judged: Sequence[Judged], column: str) -> Iterator[str]:
    """A row a piece, a column a tracker."""
    trackers = list(_once(j.tracker for j in judged))
    yield f"| piece | {' | '.join(trackers)} |"
    yield "|---" * (len(trackers) + 1) + "|"
    for piece in _once(_piece(j) for j in judged):
        cells = []
        for tracker in trackers:
            of = [j.values[column] for j in judged if _piece(j) == piece and j.tracker == tracker]
            cells.append(f"{np.mean(of):.2f}")
        yield f"| {piece} | {' | '.join(cells)} |"


def by_piece(judged: Sequence[Judged], column: str) -> list[float]:
    """Means of each piece, of those that have the figure."""
    out = []
    for piece in _once(_piece(j) for j in judged):
        of = [j.values[column] for j in judged if _piece(j) == piece and column in j.values]
        if of:
            out.append(float(np.mean(of)))
    return out


def _cell(judged: Sequence[Judged], column: str) -> str:
    values = by_piece(judged, column)
    if not values:
        return ""
    if column == "CPU s a minute":
        return f"{np.mean(values):.2f}"
    return estimate(mean(values, draws([True] * len(values)))).text(3)


def _piece(judged: Judged) -> str:
    return f"{judged.corpus}: {judged.piece}"


def _once(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


def _plot(judged: Sequence[Judged], path: Path) -> Path:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    instruments, trackers = _once(j.instrument for j in judged), _once(j.tracker for j in judged)
    figure, axes = plt.subplots(1, len(instruments), figsize=(4.5 * len(instruments), 3.2), sharey=True, squeeze=False)
    for axis, instrument in zip(axes[0], instruments, strict=True):
        for i, column in enumerate(("beat F", "downbeat F")):
            of = [[j for j in judged if j.instrument == instrument and j.tracker == t] for t in trackers]
            heights = {at: np.mean(found) for at, j in enumerate(of) if (found := by_piece(j, column))}
            bars = axis.bar(np.array(list(heights)) + 0.4 * i - 0.2, list(heights.values()), 0.38, label=column)
            axis.bar_label(bars, fmt="%.2f", fontsize=7)
        axis.set_xticks(range(len(trackers)), trackers, fontsize=8)
        axis.set_title(instrument)
        axis.set_ylim(0, 1)
    axes[0][0].legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    plt.close(figure)
    return path
