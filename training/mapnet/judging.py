# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""All contestants on all unseen takes at all rates, and the page about it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from plugins.api.checkpoint import load_checkpoint
from plugins.mapnet.checkpoint import COMPONENT, VERSION
from training.config_files import ConfigError
from training.mapnet.evaluate import Row, best_filters, contestants, measure, seen_of
from training.mapnet.noise import PAPER_RATES
from training.mapnet.report import write
from training.mapnet.takes import Takes
from training.progress import progress

UNSEEN = ("test_piece", "test_performer")
FOR_FILTERS = 6
"""Validation takes on which the filters' settings are chosen."""


def judge(folder: str, given: Sequence[str], out: Path, most: int, threads: int) -> None:
    """Measure, and write the page."""
    torch.set_num_threads(threads)
    named = [_named(text) for text in given]
    takes = Takes.open(folder, paper=any(tau is not None for _, tau, _ in named))
    rows = _spread(takes.split(*UNSEEN), most)
    if not rows:
        raise ConfigError(f"{folder} holds no takes of unseen pieces or players")
    found: list[Row] = []
    seen_before: list[Row] = []
    known = _spread(takes.split("train"), max(1, most // 4))
    for tau in PAPER_RATES:
        judged = contestants({name: path for name, of, path in named if of in (None, tau)})
        with progress(f"takes of the training at tau {tau:g}") as tell:
            seen_before += measure(takes, known, tau, judged, tell)
        judged |= best_filters(takes, (takes.split("valid") or takes.rows)[:FOR_FILTERS], tau)
        with progress(f"takes at tau {tau:g}") as tell:
            found += measure(takes, rows, tau, judged, tell)
    seconds = sum(len(seen_of(takes, row, 1.0, 0).truth) for row in rows) / 50.0
    out.parent.mkdir(parents=True, exist_ok=True)
    write(out, found, seen_before, seconds, _example(takes, rows, named))


def _named(text: str) -> tuple[str, float | None, Path]:
    """NAME=FILE or NAME@TAU=FILE."""
    name, equals, path = text.partition("=")
    name, _, tau = name.partition("@")
    if not equals or not Path(path).is_file():
        raise ConfigError(f"--checkpoint takes NAME=FILE or NAME@TAU=FILE with a file that exists, not {text!r}")
    known = {str(rate): rate for rate in PAPER_RATES} | {f"{rate:g}": rate for rate in PAPER_RATES}
    if tau and tau not in known:
        raise ConfigError(f"{text!r}: tau is one of {', '.join(map(str, PAPER_RATES))}")
    _check_tau(text, Path(path), known.get(tau))
    return name, known.get(tau), Path(path)


def _check_tau(text: str, path: Path, tau: float | None) -> None:
    """A published network is judged at the rate that it was trained at, and no other; ours at every rate."""
    found = load_checkpoint(path, component=COMPONENT, version=VERSION).config
    trained = found["training"].get("tau")
    if found["model"]["kind"] != "ours" and tau != trained:
        raise ConfigError(
            f"{text!r}: {path} is a published network that was trained at tau {trained}; say NAME@{trained}=FILE"
        )


def _spread(rows: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """At most so many, evenly from all."""
    at = np.unique(np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(int)) if rows else []
    return [rows[i] for i in at]


def _example(
    takes: Takes, rows: list[dict[str, Any]], named: Sequence[tuple[str, float | None, Path]]
) -> dict[str, Any] | None:
    """The first take at the lowest rate, for the plot."""
    tau = min(PAPER_RATES)
    seen = seen_of(takes, rows[0], tau, 1000)
    ours = contestants({name: path for name, of, path in named if of is None})
    chosen = [n for n in ours if n in (named[0][0], "its smoother alone")]
    return {"seen": seen, "answers": {name: ours[name](seen) for name in chosen}}
