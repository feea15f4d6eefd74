# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The tables of the page on dance styles, as lines of Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from training.mclemcd.figures import by_seed, chosen, constant, difference, measured
from training.mclemcd.segments import Segments
from training.mclemcd.trials import MODES, Answer
from training.metrics import Floats
from training.report.bootstrap import estimate

ROWS: Final = {
    "joints": "joints",
    "limbs": "limbs",
    "early": "both, early fusion",
    "late": "both, late fusion",
    "music": "the sound alone",
}
SECOND: Final = ("second", "balanced accuracy")
PIECE: Final = ("piece", "balanced accuracy")
SHOWN: Final = (
    *(("second", name) for name in ("accuracy", "balanced accuracy", "macro-F")),
    *(("piece", name) for name in ("accuracy", "balanced accuracy", "macro-F")),
)
MODE: Final = {"none": "alone", "collaborative": "together"}
Table = Mapping[tuple[str, str, str], Mapping[tuple[str, str], Floats]]
"""Split, row, mode -> figure -> its resamples."""


def table(found: Table, answers: Sequence[Answer], segments: Segments, split: str) -> Iterator[str]:
    """A row for each input and training, those who know nothing first."""
    yield f"| from | trained | {' | '.join(f'{name}, {of}' for of, name in SHOWN)} | seeds |"
    yield "|---" * (len(SHOWN) + 3) + "|"
    for name, said in constant(segments).items():
        values = measured(said, segments)
        yield f"| *{name}* | | {' | '.join(f'{values[key][0]:.3f}' for key in SHOWN)} | |"
    for what, title in ROWS.items():
        for mode in MODES:
            if (split, what, mode) in found:
                cells = [estimate(found[split, what, mode][key]).text(3) for key in SHOWN]
                seeds = by_seed(chosen(answers, split, what, mode), segments, SECOND)
                yield f"| {title} | {MODE[mode]} | {' | '.join(cells)} | {min(seeds):.3f} to {max(seeds):.3f} |"


def differences(found: Table) -> Iterator[str]:
    """What training together adds, on the same resamples."""
    yield f"| from | {' | '.join(f'{name}, {of}' for of, name in SHOWN)} |"
    yield "|---" * (len(SHOWN) + 1) + "|"
    for what, title in ROWS.items():
        both = [found.get(("piece", what, mode)) for mode in ("collaborative", "none")]
        if both[0] is not None and both[1] is not None:
            cells = [difference(both[0][key], both[1][key]).text(3) for key in SHOWN]
            yield f"| {title} | {' | '.join(cells)} |"


def verdict(found: Table, segments: Segments) -> Iterator[str]:
    """The paper's claims, each with what is found of it here."""
    with_it, without = (found["piece", "late", mode] for mode in ("collaborative", "none"))
    yield _claim("Training together makes late fusion better", with_it[SECOND] - without[SECOND])
    yield _claim("The vote of a piece is better than a second (late, together)", with_it[PIECE] - with_it[SECOND])
    for other in ("joints", "limbs", "early"):
        if ("piece", other, "collaborative") not in found:
            continue
        better = with_it[SECOND] - found["piece", other, "collaborative"][SECOND]
        yield _claim(f"Late fusion is better than {ROWS[other]} (together)", better)
    counts = np.bincount(segments.kinds)
    few = ", ".join(f"{count} {name}" for name, count in zip(segments.classes, counts, strict=True))
    rarest, fewest = segments.classes[int(counts.argmin())], int(counts.min())
    yield ""
    yield (
        f"The pieces are few ({few}), and so the intervals are wide: one more {rarest} that is right makes the "
        f"balanced accuracy of a piece {1.0 / fewest / len(counts):.3f} higher."
    )


def _claim(text: str, values: Floats) -> str:
    found = estimate(values)
    if found.low > 0.0:
        said = "**yes**"
    elif found.high < 0.0:
        said = "**no, the other way round**"
    else:
        said = "**not shown**: 0 is within the interval"
    return f"- {text}: {said}; {found.text(3)} in balanced accuracy."


def confusion_lines(name: str, matrix: Floats, classes: Sequence[str]) -> Iterator[str]:
    """Of each real class, the part that was said to be each."""
    yield f"| {name}: real | {' | '.join(classes)} | {name} |"
    yield "|---" * (len(classes) + 2) + "|"
    for label, row in zip(classes, matrix, strict=True):
        yield f"| {label} | {' | '.join(f'{v:.2f}' for v in row / max(row.sum(), 1.0))} | {int(row.sum())} |"
    yield ""
