# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What is written about a synchronised performance: the table of notes, the table of bars, and what to look at."""

from __future__ import annotations

import csv
import io
from dataclasses import fields
from pathlib import Path
from typing import Final

from training.datasets.mosa_annotations import table_text
from training.synchronisation.event_times import Bar
from training.synchronisation.notes import SynchronisationError
from training.synchronisation.synchronise import Synchronised

DOUBTFUL: Final = 0.5
"""Confidence of a bar below which somebody should listen to it."""
FEW: Final = (0.6, 0.75)
"""Part of the notes heard in time below which the score may be another piece's; the second where the player jumps more
than once. (Of the right score, a fifth of the notes being wrong, 0.62 and more, without jumps; of another simulated
study of like scales 0.53, with three jumps and more.)"""


def write(found: Synchronised, out: Path) -> str:
    """Write ``out`` (MOSA's ``align_notetime``) and, beside it, ``*_bars.csv``; what was found, in words."""
    beside = check_new(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(table_text("align_notetime", found.notes), encoding="utf-8")
    beside.write_text(_bars_text(found.bars), encoding="utf-8")
    return _summary(found, out, beside)


def check_new(out: Path) -> Path:
    """Where the bars go; SynchronisationError when either file is there already."""
    beside = out.with_name(f"{out.stem}_bars.csv")
    for path in (out, beside):
        if path.exists():
            raise SynchronisationError(f"{path} exists; choose another name with --out")
    return beside


def _bars_text(bars: tuple[Bar, ...]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([spec.name for spec in fields(Bar)])
    for bar in bars:
        writer.writerow([bar.bar_id, round(bar.position, 6), round(bar.seconds, 5), round(bar.confidence, 3)])
    return out.getvalue()


def _summary(found: Synchronised, out: Path, beside: Path) -> str:
    written, unplayed = len(found.sheet.written), len(found.sheet.written) - len(found.notes)
    lines = [f"{len(found.notes)} of {written} notes in {out}, {len(found.bars)} bars in {beside}"]
    jumps = len(found.matching.passages) - 1
    if found.heard < FEW[jumps > 1]:
        lines.append(
            f"WARNING: only {100 * found.heard:.0f} % of these notes were heard at their times, with {jumps} jumps: "
            "is this the score of this piece? Of another one the tables are worthless"
        )
    if unplayed:
        lines.append(f"{unplayed} notes were not played: the recording is a cut, or leaves something out")
    if len(found.matching.passages) > 1:
        starts = ", ".join(f"{p.low:g}" for p in found.matching.passages[1:])
        lines.append(f"the player jumped, to position {starts}")
    if found.lag is not None:
        lines.append(f"the recording begins {found.lag.seconds:+.3f} s from the reference's beginning")
    if doubtful := [str(bar.bar_id) for bar in found.bars if bar.confidence < DOUBTFUL]:
        lines.append(f"listen to bar {', '.join(doubtful)}: fewer than half of the notes were heard in time")
    return "\n".join(lines)
