# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""From a corpus in MOSA's layout to what training reads: arrays on disk, one recording after the other.

A folder of clips holds, at 40 frames a second,

- ``audio.npy`` (frames, 128) float16: the log-mel spectrogram of ``plugins.api.log_mel``;
- ``score.npy`` (frames, 10) float32: ``plugins.a2m.score_features``;
- ``joints.npy`` (frames, 21, 3) float32: ``markers.JOINTS``, metres, in the performer's own frame: origin at
  the mean of the pelvis over the recording, +X to his left, Z up; a pianist's violin and bow are NaN, and all of
  them where only sound was recorded;
- for networks that hear, on request: ``keys.npy`` (frames, 176) uint8, the pitch network's posteriors in 255ths, and
  ``levels.npy`` (frames, 16) float16, decibels of bands (``plugins.hearing.features``); ``markers.npy`` (frames, 22, 3)
  float16, the upper body's optical markers in the same frame as the joints;
- ``clips.json``: which rows are whose, and of which split; ``card.json``: the data card.

It appears by renaming when all of it is written.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt

from plugins.a2m.score_features import NAMES, score_features
from plugins.api import Audio, JobContext
from plugins.api.log_mel import log_mel
from plugins.api.pitch_network import pitch_network
from plugins.hearing import features
from training.datasets import mosa_motion
from training.datasets.corpus_card import corpus_card
from training.datasets.markers import JOINTS, MARKERS, UPPER_BODY, our_joints
from training.datasets.mosa import CorpusError, OnProblem, Performance, Problem, Trial, find_trials, hash_of, read_trial
from training.datasets.mosa_annotations import TableError
from training.datasets.splits import split_of

FORMAT_VERSION: Final = 1
ARRAYS: Final[dict[str, npt.DTypeLike]] = {"audio": np.float16, "score": np.float32, "joints": np.float32}
HEARING_ARRAYS: Final[dict[str, npt.DTypeLike]] = {"keys": np.uint8, "levels": np.float16, "markers": np.float16}


@dataclass(frozen=True, eq=False)
class Cut:
    """One recording at 40 frames a second, all of the same length."""

    trial: Trial
    arrays: dict[str, npt.NDArray[Any]] = field(repr=False)
    source_sha256: str

    @property
    def frames(self) -> int:
        return len(self.arrays["audio"])


def cut(performance: Performance, hearing: bool = False) -> Cut:
    """The arrays of a performance that was read with its sound, and its motion if it has any.

    Args:
        hearing: whether networks that hear will read them.
    """
    assert performance.samples is not None
    mel = log_mel(performance.samples, performance.sample_rate)
    found: dict[str, npt.NDArray[Any]] = {
        "audio": mel,
        "score": score_features(performance.tracks, mel, performance.samples, performance.sample_rate),
        **_seen(performance, len(mel)),
        **(_heard(performance, len(mel)) if hearing else {}),
    }
    kinds = {**ARRAYS, **(HEARING_ARRAYS if hearing else {})}
    frames = min(len(found[name]) for name in kinds)
    arrays = {name: found[name][:frames].astype(kind) for name, kind in kinds.items()}
    return Cut(performance.trial, arrays, hash_of(performance.trial))


def _seen(performance: Performance, frames: int) -> dict[str, npt.NDArray[Any]]:
    """Joints and the upper body's markers, in the performer's own frame."""
    if performance.markers is None:
        shapes = {"joints": (frames, len(JOINTS), 3), "markers": (frames, len(UPPER_BODY), 3)}
        return {name: np.full(shape, np.nan) for name, shape in shapes.items()}
    frame = mosa_motion.own_frame(performance.markers)
    # What is linear can be done in any order; filtering before thinning out is what matters.
    smooth = mosa_motion.resample(mosa_motion.smooth(performance.markers), mosa_motion.CAPTURE_FPS)
    markers = mosa_motion.in_own_frame(smooth, frame)
    upper = markers[:, [MARKERS.index(name) for name in UPPER_BODY]]
    return {"joints": our_joints(markers), "markers": upper}


def _heard(performance: Performance, frames: int) -> dict[str, npt.NDArray[Any]]:
    assert performance.samples is not None
    heard = pitch_network().listen(Audio(performance.samples, performance.sample_rate), JobContext())
    keys = np.round(255.0 * features.keys(heard, frames))
    return {"keys": keys, "levels": features.levels(performance.samples, performance.sample_rate)}


def make_clips(
    corpus: Path,
    out: Path,
    *,
    on_problem: OnProblem = "fail",
    hearing: bool = False,
    motion: bool = True,
    say: Callable[[Problem], None] = lambda problem: None,
    workers: int = 1,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> dict[str, Any]:
    """Write a folder of clips from all of a corpus; returns its data card.

    Args:
        hearing: whether networks that hear will read them.
        motion: whether every recording must have motion; without, none is read.

    Raises CorpusError when ``out`` exists, when nothing can be used, or, with ``on_problem="fail"``, at the
    first recording that cannot be.
    """
    if out.exists():
        raise CorpusError(f"{out} exists; choose another folder for the clips, or delete it")
    trials, about = find_trials(corpus), corpus_card(corpus)
    part = out.with_name(out.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        problems: list[Problem] = []
        kinds = {**ARRAYS, **(HEARING_ARRAYS if hearing else {})}
        cuts = _cuts(trials, partial(_try_cut, hearing=hearing, motion=motion), workers)
        rows = _write_arrays(part, kinds, cuts, len(trials), on_problem, problems, say, progress)
        card = _card(about, rows, problems)
        recordings = [{k: v for k, v in row.items() if k != "sha256"} for row in rows]
        (part / "clips.json").write_text(json.dumps(recordings, indent=0) + "\n", encoding="utf-8")
        (part / "card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
        part.rename(out)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return card


def _write_arrays(
    part: Path,
    kinds: dict[str, npt.DTypeLike],
    cuts: Iterable[Cut | Problem],
    trials: int,
    on_problem: OnProblem,
    problems: list[Problem],
    say: Callable[[Problem], None],
    progress: Callable[[int, int], None],
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    offset = 0
    with ExitStack() as stack:
        writers = {name: stack.enter_context(Growing(part / f"{name}.npy", kind)) for name, kind in kinds.items()}
        for done, found in enumerate(cuts, 1):
            progress(done, trials)
            if isinstance(found, Problem):
                if on_problem == "fail":
                    raise CorpusError(str(found))
                problems.append(found)
                say(found)
                continue
            for name, writer in writers.items():
                writer.append(found.arrays[name])
            rows.append(_row(found, offset))
            offset += found.frames
    if not rows:
        raise CorpusError("no recording of the corpus can be used")
    return rows


def _row(found: Cut, offset: int) -> dict[str, Any]:
    trial = found.trial
    return {
        "piece": trial.piece,
        "performer": trial.performer,
        "trial": trial.trial,
        "instrument": trial.instrument,
        "split": split_of(trial.piece, trial.performer),
        "frames": found.frames,
        "offset": offset,
        "sha256": found.source_sha256,
    }


def _cuts(trials: Iterable[Trial], work: Callable[[Trial], Cut | Problem], workers: int) -> Iterator[Cut | Problem]:
    if workers <= 1:
        yield from map(work, trials)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(work, trials)


def _try_cut(trial: Trial, hearing: bool, motion: bool) -> Cut | Problem:
    try:
        return cut(read_trial(trial, motion=motion), hearing)
    except (CorpusError, TableError) as error:
        return Problem(trial.prefix, str(error).removeprefix(f"{trial.prefix}: "))


class Growing:
    """An npy file that rows are appended to; its header says how many when it is closed."""

    def __init__(self, path: Path, kind: npt.DTypeLike) -> None:
        self._kind: np.dtype[Any] = np.dtype(kind)
        self._rows = 0
        self._shape: tuple[int, ...] = ()
        self._file: BinaryIO = path.open("w+b")

    def append(self, rows: npt.NDArray[Any]) -> None:
        if not self._rows:
            self._shape = rows.shape[1:]
            self._header()
        self._file.write(np.ascontiguousarray(rows, dtype=self._kind).tobytes())
        self._rows += len(rows)

    def __enter__(self) -> Growing:
        return self

    def __exit__(self, *_: object) -> None:
        with self._file:
            # numpy leaves room in the header for the first axis to grow.
            self._file.seek(0)
            self._header()

    def _header(self) -> None:
        description = {"descr": self._kind.str, "fortran_order": False, "shape": (self._rows, *self._shape)}
        np.lib.format.write_array_header_1_0(self._file, description)  # type: ignore[no-untyped-call]


def _card(about: dict[str, Any], rows: list[dict[str, Any]], problems: list[Problem]) -> dict[str, Any]:
    """What the clips are: source, counts, splits, hash, and what was left out."""
    whole = hashlib.sha256("\n".join(row["sha256"] for row in rows).encode()).hexdigest()
    hours = {
        split: round(sum(r["frames"] for r in rows if r["split"] == split) / 40 / 3600, 3) for split in _splits(rows)
    }
    return {
        "format": FORMAT_VERSION,
        "frames_per_second": mosa_motion.FPS,
        "joints": list(JOINTS),
        "score_features": list(NAMES),
        "origin": "mean of the pelvis markers over the recording; +X to the performer's left, Z up, metres",
        "recordings": len(rows),
        "pieces": len({r["piece"] for r in rows}),
        "performers": len({r["performer"] for r in rows}),
        "hours": {**hours, "all": round(sum(r["frames"] for r in rows) / 40 / 3600, 3)},
        "left_out": [str(p) for p in problems],
        "sha256": whole,
        "corpus": about,
    }


def _splits(rows: list[dict[str, Any]]) -> list[str]:
    return sorted({r["split"] for r in rows})
