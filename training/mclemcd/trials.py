# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Many runs of training, and what each said of the dances that were kept from it.

A trial is a seed, a fold and a fusion. It is trained apart once; from there it goes on twice, together with the music
and without, for as many steps. The joints and the limbs of a late fusion are two networks that share the music's only:
their answers are the figures of joints and of limbs.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from training.mclemcd.config import MclemcdConfig, Split
from training.mclemcd.segments import PARTS, Rows, Segments, split
from training.mclemcd.train import Run
from training.metrics import Floats
from training.whole_files import whole_lines

MODES: Final = {"none": False, "collaborative": True}
FUSIONS: Final = ("late", "early")


@dataclass(frozen=True)
class Answer:
    """What was said of one dance: of how many of its seconds each class, and of the whole by their vote."""

    split: str
    seed: int
    what: str
    mode: str
    dance: str
    said: tuple[int, ...]
    vote: int


def trials(
    config: MclemcdConfig,
    segments: Segments,
    seeds: Sequence[int],
    results: Path | None = None,
    tell: Callable[[int, int], None] = lambda done, of: None,
    *,
    late: bool = False,
) -> list[Answer]:
    """The answers of all trials; those that ``results`` (JSON lines) has are not made again.

    Args:
        late: late fusion on pieces that are kept apart alone.
    """
    asked = [
        one for one in _configs(config, seeds) if not late or (one.split.by, one.style.fusion) == ("piece", "late")
    ]
    kept = _kept(results)
    found: list[Answer] = []
    for done, one in enumerate(asked):
        tell(done, len(asked))
        key = _key(one, segments)
        if key not in kept:
            kept[key] = [answer.__dict__ for answer in _trial(one, segments)]
            if results is not None:
                results.parent.mkdir(parents=True, exist_ok=True)
                with results.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"key": key, "answers": kept[key]}) + "\n")
        found += [Answer(**{**row, "said": tuple(row["said"])}) for row in kept[key]]
    return found


def _configs(config: MclemcdConfig, seeds: Sequence[int]) -> Iterator[MclemcdConfig]:
    """Honest folds and the paper's split, seed by seed."""
    for seed in seeds:
        count = config.split.folds
        honest = [(Split(by="piece", folds=count, fold=fold), config.epochs) for fold in range(count)]
        # The paper's split trains on a third of the seconds: as many steps are more epochs.
        longer = round(config.epochs * PARTS * (count - 1) / count)
        for how, epochs in (*honest, (Split(by="segments"), longer)):
            for fusion in FUSIONS if how.by == "piece" else FUSIONS[:1]:
                model = {**config.model, "fusion": fusion}
                yield config.model_copy(update={"seed": seed, "split": how, "model": model, "epochs": epochs})


def _trial(config: MclemcdConfig, segments: Segments) -> Iterator[Answer]:
    rows, held = split(segments, config.split, config.seed)
    begun = Run(config, segments, rows)
    for step in range(begun.switch):
        begun.advance(step)
    for mode, collaborative in MODES.items():
        run = copy.deepcopy(begun)
        run.collaborative = collaborative
        for step in range(run.switch, run.steps):
            run.advance(step)
        run.settle()
        yield from _answers(config, segments, held, run.logits(held), mode)


def _answers(
    config: MclemcdConfig, segments: Segments, held: Rows, logits: dict[str, Floats], mode: str
) -> Iterator[Answer]:
    streams = config.style.streams
    said: dict[str, Floats] = {name: logits[name] for name in streams}
    if len(streams) > 1:
        said["late"] = np.asarray(np.sum([logits[name] for name in streams], axis=0))
        said["music"] = logits["music"]
    for what, values in said.items():
        for dance in np.unique(segments.owner[held]):
            mine = values[segments.owner[held] == dance]
            counts = np.bincount(mine.argmax(axis=1), minlength=len(segments.classes))
            # Of as many votes, the class that is likelier.
            vote = int(np.lexsort((mine.sum(axis=0), counts))[-1])
            name = segments.names[dance]
            yield Answer(config.split.by, config.seed, what, mode, name, tuple(map(int, counts)), vote)


def _key(config: MclemcdConfig, segments: Segments) -> str:
    """Which trial of which config on which dances."""
    same = [config.same_run(), segments.card]
    return hashlib.sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()[:24]


def _kept(results: Path | None) -> dict[str, Any]:
    if results is None or not results.exists():
        return {}
    return {row["key"]: row["answers"] for row in whole_lines(results)}
