# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A simulated corpus: which recordings it holds, and making them in parallel, one whole folder at a time.

The plan follows from the seed alone; more hours are the same recordings and further ones. A recording's
folder appears by renaming when all of it is written, so whatever stops the work, what is there is whole,
and the same command goes on from it.
"""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from training.datasets.mosa import CorpusError, Trial, find_trials, hash_of, read_trial, write_trial
from training.datasets.mosa_annotations import Annotations
from training.simulate.card import write_card
from training.simulate.claim import annotations_sha256, claimed
from training.simulate.excerpts import excerpt, read_library
from training.simulate.kinds import KINDS
from training.simulate.loosening import loosened
from training.simulate.musicxml import score_xml
from training.simulate.players import Player
from training.simulate.recording import record
from training.simulate.score import Score
from training.simulate.soundfont import SHARE, SoundFont
from training.simulate.studies import study
from training.simulate.timing import perform, varied

VERSION: Final = 1
"""Of the simulation: raise it when the same seed gives other recordings."""
CAST: Final = 24
"""Musicians of a corpus."""
READINGS: Final = 3
"""Musicians who play each piece."""
REAL_EVERY: Final = 6
"""Of so many pieces one is from the given annotations."""
STUDY_EVERY: Final = 6
"""Of so many pieces one is a study, where there are scores to take excerpts from."""
LENGTHS: Final = (55.0, 110.0)
"""Seconds of a study."""


@dataclass(frozen=True)
class Planned:
    """One recording to be made.

    Attributes:
        slot: number of the piece in the plan; number: of the musician in the cast.
        source: folder of the annotated trial whose timing is played, or "" for a study.
        scores: folder of the scores that an excerpt is taken from, or "".
    """

    slot: int
    number: int
    piece: str
    performer: str
    trial: str
    source: str
    seconds: float
    instrument: str = "violin"
    scores: str = ""

    @property
    def kind(self) -> str:
        """Of its source, for the data card."""
        return "mosa" if self.source else "excerpt" if self.scores else "study"

    @property
    def group(self) -> str:
        return KINDS[self.instrument].group

    @property
    def path(self) -> str:
        return f"{self.group}/{self.piece}/{self.performer}/{self.trial}"


def plan(
    hours: float, seed: int, mosa: Path | None = None, instrument: str = "violin", scores: Path | None = None
) -> list[Planned]:
    """Recordings that together last about so many hours."""
    real = _annotated(mosa, instrument) if mosa else []
    out: list[Planned] = []
    total, slot = 0.0, 0
    taken: dict[tuple[str, str], int] = {}
    while total < hours * 3600.0:
        source = real[slot // REAL_EVERY % len(real)] if real and slot % REAL_EVERY == REAL_EVERY - 1 else None
        taken_from = str(scores) if scores and source is None and slot % STUDY_EVERY else ""
        piece = source.piece if source else f"{'ex' if taken_from else 'st'}{slot:04d}"
        seconds = _seconds_of(source) if source else piece_of(seed, slot, instrument, taken_from).nominal_seconds
        # Excerpts there are enough of: each is played once.
        for number in np.random.default_rng([seed, 4, slot]).permutation(CAST)[: 1 if scores else READINGS]:
            performer = KINDS[instrument].player(seed, int(number))
            taken[piece, performer.name] = times = taken.get((piece, performer.name), 0) + 1
            folder, lasts = str(source.folder) if source else "", seconds / performer.tempo
            out.append(
                Planned(slot, int(number), piece, performer.name, f"t{times}", folder, lasts, instrument, taken_from)
            )
            total += lasts
            if total >= hours * 3600.0:
                return out
        slot += 1
    return out


def _annotated(mosa: Path, instrument: str) -> list[Trial]:
    found = [t for t in find_trials(mosa) if t.instrument == instrument]
    if not found:
        raise CorpusError(f"{mosa} holds no performances of the {instrument}; leave it out to play studies alone")
    return found


def _seconds_of(trial: Trial) -> float:
    notes = read_trial(trial, motion=False, audio=False).annotations.align_notetime
    return max(n.offset for n in notes) - min(n.onset for n in notes)


def piece_of(seed: int, slot: int, instrument: str, scores: str) -> Score:
    """The study or the excerpt of a slot."""
    if not scores:
        return study_of(seed, slot, instrument)
    return excerpt(read_library(Path(scores)), instrument, np.random.default_rng([seed, 7, slot]))


@lru_cache(maxsize=8)
def study_of(seed: int, slot: int, instrument: str = "violin") -> Score:
    """The study of a slot."""
    rng = np.random.default_rng([seed, 1, slot])
    return study(rng, f"Study {slot}", float(rng.uniform(*LENGTHS)), KINDS[instrument].textures)


def annotations_of(planned: Planned, seed: int) -> tuple[Annotations, Player]:
    """What is played, and by whom."""
    rng = np.random.default_rng([seed, 3, planned.slot, planned.number])
    who = KINDS[planned.instrument].player(seed, planned.number)
    if planned.scores:
        piece = piece_of(seed, planned.slot, planned.instrument, planned.scores)
        return loosened(perform(piece, who, rng), rng, chords=planned.instrument == "piano"), who
    if not planned.source:
        return perform(study_of(seed, planned.slot, planned.instrument), who, rng), who
    source = Trial.at(Path(planned.source))
    return varied(read_trial(source, motion=False, audio=False).annotations, who, rng), who


def simulate(
    folder: Path,
    hours: float,
    seed: int,
    *,
    instrument: str = "violin",
    mosa: Path | None = None,
    soundfonts: Sequence[Path] = (),
    share: float = SHARE,
    scores: Path | None = None,
    motion: bool = True,
    workers: int = 1,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> list[Planned]:
    """Make what is missing of a corpus; returns its plan. CorpusError when the folder holds another one, or
    more than is asked for.

    Args:
        share: part of the recordings that soundfonts play.
        scores: folder of scores; most pieces are then excerpts of them, played more freely than studies are.
        motion: whether anybody moves; without, it is much faster.
    """
    if not math.isfinite(hours):
        raise CorpusError(f"--hours must be a number of hours, not {hours}")
    of = annotations_sha256(_annotated(mosa, instrument)) if mosa else False
    settings: dict[str, Any] = {"simulation": VERSION, "seed": seed, "mosa": of, "instrument": instrument}
    fonts = [SoundFont.open(path) for path in soundfonts]
    if fonts:
        settings["soundfonts"] = [font.sha256 for font in fonts]
        if share != SHARE:
            settings["share"] = share
    if scores:
        settings["scores"] = read_library(scores).sha256
    if not motion:
        settings["motion"] = False
    recordings = plan(hours, seed, mosa, instrument, scores)
    work = partial(make, folder, seed, fonts=fonts, share=share, motion=motion)
    with claimed(folder, settings, [p.path for p in recordings]):
        missing = [p for p in recordings if not (folder / p.path).is_dir()]
        done = len(recordings) - len(missing)
        progress(done, len(recordings))
        for _ in _made(work, missing, workers):
            done += 1
            progress(done, len(recordings))
        write_card(folder, settings, [(p.path, p.kind) for p in recordings])
    return recordings


def _made(work: Callable[[Planned], Planned], missing: list[Planned], workers: int) -> Iterator[Planned]:
    if workers <= 1:
        yield from map(work, missing)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(work, missing)


def make(
    folder: Path,
    seed: int,
    planned: Planned,
    fonts: Sequence[SoundFont] = (),
    *,
    share: float = SHARE,
    motion: bool = True,
) -> Planned:
    """One recording, whole or not at all."""
    annotations, who = annotations_of(planned, seed)
    recording = record(annotations, who, [seed, 5, planned.slot, planned.number], fonts, share=share, motion=motion)
    part = folder / ".parts" / f"{planned.path.replace('/', '_')}.{os.getpid()}"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    trial = Trial(planned.group, planned.piece, planned.performer, planned.trial, part)
    source = Path(planned.source)
    sheet = Trial.at(source).sheet if planned.source else None
    written = None
    if planned.kind == "study":
        written = score_xml(study_of(seed, planned.slot, planned.instrument))
    if sheet is not None and sheet.is_file():
        written = sheet.read_bytes()
    write_trial(trial, annotations, recording.markers, recording.samples, recording.sample_rate, written)
    about = {
        "seconds": round(len(recording.samples) / recording.sample_rate, 3),
        "notes": len(annotations.align_notetime),
        "sha256": hash_of(trial),
        "number": planned.number,
        planned.instrument: recording.instrument.to_dict(),
        "player": who.to_dict(),
        "place": recording.place.to_dict(),
        "source": _source_of(planned, seed),
        "warnings": list(recording.warnings),
    }
    (part / f"{trial.prefix}_simulation.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    target = folder / planned.path
    target.parent.mkdir(parents=True, exist_ok=True)
    part.rename(target)
    return planned


def _source_of(planned: Planned, seed: int) -> str:
    if planned.source:
        return "/".join(Path(planned.source).parts[-4:])
    return piece_of(seed, planned.slot, planned.instrument, planned.scores).title
