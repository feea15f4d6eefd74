# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What was measured of the style embedding, as a page of Markdown with plots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from training.mclemcd.config import MclemcdConfig
from training.mclemcd.figures import Said, chosen, confusion, measured, resamples
from training.mclemcd.plots import plot_bars, plot_confusions
from training.mclemcd.segments import Segments
from training.mclemcd.tables import ROWS, SECOND, Table, confusion_lines, differences, table, verdict
from training.mclemcd.trials import MODES, Answer
from training.report.bootstrap import estimate

PAPER: Final = {"joints": (77.54, 88.89), "limbs": (92.27, 97.83), "late": (93.96, 98.07), "early": (87.68, 93.48)}
"""Per cent a second without and with collaboration, table 3 (MCLEMCD, then MCLEMCD-FC)."""
HOW: Final = (
    "- **Second**: each second of motion by itself. **Piece**: the class that most seconds of a piece say.",
    "- **Accuracy** leans on the commonest class; **balanced accuracy** is the mean over the classes of the part that "
    "is right, 1 / K for whoever always says the same.",
    "- **Alone, together**: one run up to the switch, then as many steps without and with the music.",
    "- **Intervals** are 95 % by the bootstrap over dances, class by class, all seeds of a dance together; *seeds* is "
    "the least and the most of the seeds in balanced accuracy of a second.",
)


def write(
    out: Path,
    config: MclemcdConfig,
    segments: Segments,
    answers: Sequence[Answer],
    rates: Mapping[str, tuple[float, float]],
    roughness: Mapping[str, Said],
    command: str,
) -> None:
    """The page and its plots, beside it.

    Args:
        rates: class -> the least and the most poses a second that its dances were captured at.
        roughness: see ``clock``.
        command: that made it.
    """
    splits = tuple(dict.fromkeys(a.split for a in answers))
    found: Table = {
        (split, what, mode): measured(Said.of(of, segments), segments)
        for split in splits
        for what in ROWS
        for mode in MODES
        if (of := chosen(answers, split, what, mode))
    }
    shown = {what: title for what, title in ROWS.items() if any(what == key[1] for key in found)}
    bars = plot_bars(found, out.with_name(f"{out.stem}_accuracy.png"), shown, SECOND)
    late = Said.of(chosen(answers, "piece", "late", "collaborative"), segments)
    one = resamples(segments.kinds)[:1]
    matrices = {
        "seconds": confusion(late.seconds, segments.kinds, one)[0],
        "pieces": confusion(late.pieces, segments.kinds, one)[0],
    }
    squares = plot_confusions(matrices, segments.classes, out.with_name(f"{out.stem}_confusion.png"))
    lines = [
        *_opening(config, segments, answers, command),
        *("", "## Pieces that were not trained on", "", *HOW, ""),
        *table(found, answers, segments, "piece"),
        *("", f"![Balanced accuracy of a second]({bars.name})", "", "### Together with the music, less alone", ""),
        *differences(found),
        *("", *verdict(found, segments)),
        *("", "### Who is taken for whom: late fusion, together, all seeds", ""),
        *(line for name, matrix in matrices.items() for line in confusion_lines(name, matrix, segments.classes)),
        f"![Confusion]({squares.name})",
        *(("", "## The paper's split", "", *_paper(found, answers, segments)) if "segments" in splits else ()),
        *("", "## What the captures' rates give away", "", *_rates(rates, roughness, segments)),
    ]
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _opening(config: MclemcdConfig, segments: Segments, answers: Sequence[Answer], command: str) -> Iterator[str]:
    counts = np.bincount(segments.kinds, minlength=len(segments.classes))
    each = ", ".join(f"{count} {name}" for name, count in zip(segments.classes, counts, strict=True))
    seeds, style = len({a.seed for a in answers}), config.style
    yield "# Dance styles: what was measured"
    yield ""
    yield "Made by `cadenza-train evaluate-mclemcd`; do not edit.\n"
    yield f"    {command}\n"
    yield (
        f"Dances: {config.data.kind}, {len(segments.names)} pieces ({each}), {len(segments)} seconds for which there "
        f"are motion and sound; data card `{segments.card[:16]}`. {seeds} seeds, each with its own "
        f"{config.split.folds} folds of pieces, dealt out class by class: each piece is kept from training once a seed."
    )
    yield ""
    yield (
        f"Networks: units {list(style.units)}, music {style.music} with {style.music_channels} channels and dense "
        f"layers {list(style.dense)}, {len(segments.skeleton)} joints; {config.epochs} epochs in batches of "
        f"{config.batch}, learning rate {config.schedule.learning_rate:g}, switch at {config.switch:g}. (The paper: "
        "units [64, 64, 128, 128, 256, 256], 128 channels, dense layers [512, 1024, 2048, 4096], 23 joints, 3000 "
        "epochs in batches of 72, 0.0005.) What was chosen, and how, is in [dance-style.md](../dance-style.md)."
    )


def _paper(found: Table, answers: Sequence[Answer], segments: Segments) -> Iterator[str]:
    told = "; ".join(f"{ROWS[k]} {a} % alone, {b} % together (FC)" for k, (a, b) in PAPER.items())
    yield (
        "A third of the seconds is trained on, another is judged, whatever piece they are from (the paper's re-split "
        "for collaborative learning; as many steps as above). The same piece, often the second next door, was trained "
        "on: this is for comparison with the paper alone. Its own figures, of four classes and of seconds chosen to be "
        f"balanced: {told}. Early fusion is not trained in this split, for time."
    )
    yield ""
    yield from table(found, answers, segments, "segments")
    more = {m: found["segments", "late", m][SECOND][0] - found["piece", "late", m][SECOND][0] for m in MODES}
    yield ""
    yield (
        f"Late fusion, balanced accuracy of a second, this split less the honest one: {more['collaborative']:+.3f} "
        f"together, {more['none']:+.3f} alone. (It has fewer seconds to learn from.)"
    )


def _rates(
    rates: Mapping[str, tuple[float, float]], roughness: Mapping[str, Said], segments: Segments
) -> Iterator[str]:
    captured = ", ".join(f"{name} at {low:.1f} to {high:.1f}" for name, (low, high) in rates.items())
    yield (
        f"Poses a second that were captured: {captured}. Then a class may be known by its capture. How much does one "
        "number say, the roughness of a second (change of speed in parts of the speed; the class with the nearest mean "
        "over the pieces of the other folds)?"
    )
    yield ""
    keys = (SECOND, ("piece", "accuracy"), ("piece", "balanced accuracy"))
    yield f"| roughness alone | {' | '.join(f'{name}, {of}' for of, name in keys)} |"
    yield "|---" * (len(keys) + 1) + "|"
    for name, said in roughness.items():
        values = measured(said, segments)
        yield f"| {name} | {' | '.join(estimate(values[key]).text(3) for key in keys)} |"
    yield ""
    yield (
        "In the last row the captures are alike; what it still says is how the dances themselves differ. Whatever a "
        "network reaches is to be seen against this one number."
    )
