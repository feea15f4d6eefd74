# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What was measured of repaired motion, as a page of Markdown with plots."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from plugins.mapnet.config import PAPER_FPS
from training.mapnet.evaluate import WRIST, Row, Seen
from training.report.bootstrap import draws, estimate, mean

METRES_A_SECOND: Final = PAPER_FPS**2 / 1000.0
"""Metres a second squared that a millimetre a frame squared is."""
HOW: Final = (
    "- **Takes**: {takes} simulated takes ({seconds} s in all; at most 60 s of each) of pieces and of players that"
    " nothing was trained on; a fresh noise for each rate. The paper's split at random, which has the same motion in"
    " training and test, stands further below.",
    "- **Noise**: the paper's: jitter of 300 mm an axis, two joints exchanged five times a minute for 0.5 to 3 s, and"
    " 50, 25 or 16.7 frames a second seen (tau 1, 0.5, 0.33).",
    "- **MPJPE**: mean distance of the thirteen joints, mm, mean over takes, in brackets 95 % by the bootstrap over"
    " takes. **MPJAE**: of their accelerations (second differences at 50 frames a second), mm a frame squared; one is"
    " 2.5 m/s2.",
    "- **Ours, given no sound** is the same network with silence instead; one that was trained without sound is another"
    " row.",
    "- **Filters**: of each family the setting that does best on validation takes at this rate.",
)


KNOWN: Final = (
    "In the paper the ten noisy copies of a take are divided at random, so that the same motion is trained on and"
    " tested. Beside the honest figures above, the same for {takes} takes of the training, with fresh noise:"
)


def write(out: Path, rows: Sequence[Row], known: Sequence[Row], seconds: float, example: dict[str, Any] | None) -> None:
    """The page and its plot, beside it.

    Args:
        rows: of unseen takes; known: of takes that were trained on.
    """
    takes = len(rows[0].places)
    lines = [
        "# Repair: what was measured",
        "",
        "Made by `cadenza-train evaluate-mapnet`; do not edit.",
        "",
    ]
    still, film = out.with_suffix(".jpg"), out.with_suffix(".mp4")
    if still.is_file() and film.is_file():  # scripts/film_repair.py made them
        lines += [f"[![A take as it was seen, repaired, and as it was]({still.name})]({film.name})", ""]
    if example:
        plot = _plot(example, out.with_name(f"{out.stem}_wrist.png"))
        lines += [f"![The right wrist]({plot.name})", ""]
    lines += [line.format(takes=takes, seconds=round(seconds)) for line in HOW]
    lines += ["", "## Error by rate", "", *_rates(rows), "", "## Accelerations", "", *_accelerations(rows)]
    lines += ["", "## By what is hard", "", *_groups(rows)]
    if known:
        lines += ["", "## The paper's split", "", KNOWN.format(takes=len(known[0].places)), "", *_rates(known)]
    out.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _by_name(rows: Sequence[Row]) -> dict[str, dict[float, Row]]:
    found: dict[str, dict[float, Row]] = {}
    for row in rows:
        found.setdefault(row.contestant, {})[row.tau] = row
    return found


def _rates(rows: Sequence[Row]) -> Iterator[str]:
    taus = sorted({r.tau for r in rows}, reverse=True)
    yield f"| MPJPE, mm | {' | '.join(f'tau {t:g}' for t in taus)} |"
    yield f"|---|{'---|' * len(taus)}"
    for name, by_tau in _by_name(rows).items():
        cells = [_interval(by_tau[t].places) if t in by_tau else "" for t in taus]
        yield f"| {name} | {' | '.join(cells)} |"


def _interval(values: Sequence[float]) -> str:
    return estimate(mean(values, draws([True] * len(values)))).text(1)


def _accelerations(rows: Sequence[Row]) -> Iterator[str]:
    taus = sorted({r.tau for r in rows}, reverse=True)
    yield f"| MPJAE, mm/frame2 (m/s2) | {' | '.join(f'tau {t:g}' for t in taus)} |"
    yield f"|---|{'---|' * len(taus)}"
    for name, by_tau in _by_name(rows).items():
        found = [float(np.mean(by_tau[t].accelerations)) if t in by_tau else None for t in taus]
        cells = ["" if v is None else f"{v:.2f} ({v * METRES_A_SECOND:.1f})" for v in found]
        yield f"| {name} | {' | '.join(cells)} |"


def _groups(rows: Sequence[Row]) -> Iterator[str]:
    yield (
        "Windows of three seconds at the lowest rate, MPJPE in mm: *inversions* hold exchanged joints; of the others"
        " *fine* are those in which the right wrist leaves a straight line more than in the median window."
    )
    yield ""
    yield "| | fine | gross | inversions |"
    yield "|---|---|---|---|"
    lowest = min(r.tau for r in rows)
    for row in rows:
        if row.tau == lowest:
            cells = [f"{np.nanmean(v):.1f}" if v else "" for v in row.groups.values()]
            yield f"| {row.contestant} | {' | '.join(cells)} |"


def _plot(example: dict[str, Any], path: Path) -> Path:
    """The right wrist of one take: as it was, as it was seen, and as it was repaired."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    seen: Seen = example["seen"]
    figure, axes = plt.subplots(3, 1, figsize=(10, 6), sharex=True, layout="constrained")
    part = slice(0, 10 * PAPER_FPS)
    for axis, name in enumerate("xyz"):
        looks = seen.looks.times < 10.0
        axes[axis].plot(seen.looks.times[looks], seen.looks.places[looks, WRIST, axis], ".", color="0.8", label="seen")
        for label, answer in example["answers"].items():
            axes[axis].plot(seen.times[part], answer[part, WRIST, axis], linewidth=1.3, label=label)
        axes[axis].plot(seen.times[part], seen.truth[part, WRIST, axis], "k", linewidth=1.0, label="as it was")
        low, high = seen.truth[part, WRIST, axis].min(), seen.truth[part, WRIST, axis].max()
        axes[axis].set_ylim(low - 0.25, high + 0.25)
        axes[axis].set_ylabel(f"{name}, m")
    axes[0].legend(loc="upper right", ncols=4, fontsize=8)
    axes[2].set_xlabel("seconds")
    figure.suptitle(f"The right wrist, {seen.rate:.3g} frames a second seen with jitter of 300 mm", fontsize=10)
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return path
