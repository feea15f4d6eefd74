# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""MOSA's published layout, read and written: one loader for the real corpus and for simulated ones.

``{yv,ev,yp}/{piece}/{performer}/{trial}/`` holds ``audio.wav``, ``motion.csv``, ``annotation/sheet.xml`` and
``annotation/annotations/*.csv``, each file's name after ``piece_performer_trial_`` (Y.-F. Huang et al., 2024).
``y``, ``e``: recorded in Taiwan, in Edinburgh; ``v``, ``p``: violin, piano.

What is wrong in a folder is named trial by trial: :func:`read_corpus` skips it and says so, or stops.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from pathlib import Path
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from plugins.api import AnnotationTrack
from training.datasets.markers import BODY_MARKERS, HEAD, MARKERS, PELVIS
from training.datasets.mosa_annotations import Annotations, TableError, read_annotations, write_annotations
from training.datasets.mosa_motion import CAPTURE_FPS, fill_gaps, read_motion, write_motion
from training.datasets.mosa_tracks import tracks

FOLDERS: Final = {"yv": "violin", "ev": "violin", "yp": "piano"}
LENGTHS_DIFFER: Final = 1.0
"""Seconds by which sound and motion may differ in length."""
OnProblem = Literal["skip", "fail"]


class CorpusError(ValueError):
    """A corpus that cannot be used: the message names the trial and what is wrong with it."""


@dataclass(frozen=True)
class Trial:
    """One performance's folder."""

    group: str
    piece: str
    performer: str
    trial: str
    folder: Path

    @classmethod
    def at(cls, folder: Path) -> Trial:
        """The trial whose folder this is."""
        group, piece, performer, trial = folder.parts[-4:]
        return cls(group, piece, performer, trial, folder)

    @property
    def prefix(self) -> str:
        return f"{self.piece}_{self.performer}_{self.trial}"

    @property
    def instrument(self) -> str:
        return FOLDERS[self.group]

    @property
    def audio(self) -> Path:
        return self.folder / f"{self.prefix}_audio.wav"

    @property
    def motion(self) -> Path:
        return self.folder / f"{self.prefix}_motion.csv"

    @property
    def sheet(self) -> Path:
        return self.folder / "annotation" / f"{self.prefix}_sheet.xml"

    @property
    def tables(self) -> Path:
        return self.folder / "annotation" / "annotations"


@dataclass(frozen=True, eq=False)
class Performance:
    """One performance as it was recorded.

    Attributes:
        markers: (T, 34, 3) metres at 120 frames a second, gaps filled (a pianist's violin and bow are NaN);
            None when motion was not asked for.
        samples: (N,) float32 mono, or None.
        tracks: annotations in seconds.
    """

    trial: Trial
    annotations: Annotations = field(repr=False)
    tracks: list[AnnotationTrack] = field(repr=False)
    markers: npt.NDArray[np.float64] | None = field(repr=False)
    samples: npt.NDArray[np.float32] | None = field(repr=False)
    sample_rate: int = 0


@dataclass(frozen=True)
class Problem:
    """What is wrong with one trial."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def find_trials(folder: Path) -> list[Trial]:
    """All trials of a corpus, in order of their names; CorpusError when there is none."""
    if not folder.is_dir():
        raise CorpusError(f"{folder} is not a folder")
    found = [
        Trial.at(path)
        for group in FOLDERS
        for path in sorted((folder / group).glob("*/*/*"))
        if path.is_dir() and not any(part.startswith(".") for part in path.parts[-3:])
    ]
    if not found:
        raise CorpusError(f"{folder} holds no performances ({', '.join(FOLDERS)}/piece/performer/trial)")
    return found


def read_corpus(
    folder: Path, on_problem: OnProblem = "fail", say: Callable[[Problem], None] | None = None
) -> Iterator[Performance]:
    """Every performance of a corpus that can be used; each that cannot is named to ``say`` or, with
    ``fail``, raised as CorpusError."""
    for trial in find_trials(folder):
        try:
            yield read_trial(trial)
        except CorpusError as error:
            if on_problem == "fail":
                raise
            if say is not None:
                say(Problem(trial.prefix, str(error).removeprefix(f"{trial.prefix}: ")))


def read_trial(trial: Trial, *, motion: bool = True, audio: bool = True) -> Performance:
    """One performance; CorpusError with its name and what is wrong."""
    try:
        _check_names(trial, motion, audio)
        annotations = read_annotations(trial.tables, trial.prefix)
        markers = _checked_markers(trial) if motion else None
        samples, rate = _read_audio(trial) if audio else (None, 0)
        _check_lengths(annotations, markers, samples, rate)
    except TableError as error:
        raise CorpusError(f"{trial.prefix}: {error}") from error
    return Performance(trial, annotations, tracks(annotations), markers, samples, rate)


def write_trial(
    trial: Trial,
    annotations: Annotations,
    markers: npt.NDArray[np.float64] | None,
    samples: npt.NDArray[np.float32],
    sample_rate: int,
    sheet: bytes | None = None,
) -> None:
    """A performance into its folder: markers (T, 34, 3) in metres at 120 frames a second (or none), mono sound.

    CorpusError when there is no room for the sound.
    """
    import soundfile

    write_annotations(annotations, trial.tables, trial.prefix)
    if markers is not None:
        write_motion(trial.motion, markers)
    try:
        soundfile.write(trial.audio, samples, sample_rate, subtype="PCM_16", format="WAV")
    except soundfile.LibsndfileError as error:
        raise CorpusError(
            f"{trial.audio} cannot be written ({error}): is the disk full? Make room; the same command goes on"
        ) from error
    if sheet is not None:
        trial.sheet.write_bytes(sheet)


def hash_of(trial: Trial) -> str:
    """Identity of a recording: SHA-256 of its sound, motion (where there is any) and note times."""
    digest = hashlib.sha256()
    for path in (trial.audio, trial.motion, trial.tables / f"{trial.prefix}_align_notetime.csv"):
        if path != trial.motion or path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _check_names(trial: Trial, motion: bool, audio: bool) -> None:
    """Every file that is needed is there, under this trial's name."""
    needed = [*([trial.motion] if motion else []), *([trial.audio] if audio else [])]
    for path in needed:
        if path.exists():
            continue
        kind = path.name.removeprefix(f"{trial.prefix}_")
        others = [p.name for p in path.parent.glob(f"*{kind}")]
        hint = f"; {others[0]} is there: mislabelled?" if others else ""
        raise TableError(f"{path.name} is missing{hint}")
    if not trial.tables.is_dir():
        raise TableError(f"the folder annotation/annotations of {trial.prefix} is missing")
    strange = [p.name for p in trial.tables.glob("*.csv") if not p.name.startswith(f"{trial.prefix}_")]
    if strange:
        raise TableError(f"{strange[0]} belongs to another trial (mislabelled?)")


def _read_audio(trial: Trial) -> tuple[npt.NDArray[np.float32], int]:
    import soundfile

    try:
        samples, rate = soundfile.read(trial.audio, dtype="float32", always_2d=True)
    except (OSError, RuntimeError) as error:
        raise TableError(f"{trial.audio.name} is no sound that can be read ({error})") from error
    mono = samples.mean(axis=1)
    if not len(mono) or not np.isfinite(mono).all():
        raise TableError(f"{trial.audio.name} is empty or holds samples that are not numbers")
    if float(np.abs(mono).max()) < 1e-5:
        raise TableError(f"{trial.audio.name} is silent")
    return mono, int(rate)


def _check_lengths(
    annotations: Annotations,
    markers: npt.NDArray[np.float64] | None,
    samples: npt.NDArray[np.float32] | None,
    rate: int,
) -> None:
    lengths = {}
    if markers is not None:
        lengths["motion"] = len(markers) / CAPTURE_FPS
    if samples is not None:
        lengths["sound"] = len(samples) / rate
    if len(lengths) == 2 and abs(lengths["motion"] - lengths["sound"]) > LENGTHS_DIFFER:
        raise TableError(
            f"the motion lasts {lengths['motion']:.1f} s, the sound {lengths['sound']:.1f} s (one is truncated?)"
        )
    last = max(n.onset for n in annotations.align_notetime)
    for name, length in lengths.items():
        if last > length + LENGTHS_DIFFER:
            raise TableError(f"the {name} lasts {length:.1f} s but a note begins at {last:.1f} s (truncated?)")


RIGID: Final = {HEAD: 0.10, PELVIS: 0.35, ("VIOLINE", "VIOLINB"): 0.10, ("BOWE", "BOWB"): 0.10}
"""Markers whose distances from each other stay, and the part by which they may change: skin moves, what is
exchanged jumps farther."""
SLACK: Final = 0.01
"""Metres by which any distance may change."""
LENGTHS_OF_BODIES: Final = (1.0, 2.0)
"""Metres from the head by hips and knees to the ankles, whoever sits or stands: 0.87 of the stature of our own body."""


def _checked_markers(trial: Trial) -> npt.NDArray[np.float64]:
    """Markers with their gaps filled, on a body that is one; of a pianist those of the body alone."""
    worn = MARKERS if trial.instrument == "violin" else BODY_MARKERS
    markers = read_motion(trial.motion)
    markers[:, : len(worn)] = fill_gaps(markers[:, : len(worn)])
    markers[:, len(worn) :] = np.nan
    for group, part in RIGID.items():
        if not set(group) <= set(worn):
            continue
        for a, b in combinations(group, 2):
            _check_distance(trial, markers, a, b, part)
    _check_sides(trial, markers)
    _check_size(trial, markers)
    return markers


def _check_distance(trial: Trial, markers: npt.NDArray[np.float64], a: str, b: str, part: float) -> None:
    distance = np.linalg.norm(markers[:, MARKERS.index(a)] - markers[:, MARKERS.index(b)], axis=-1)
    usual = float(np.median(distance))
    worst = int(np.argmax(np.abs(distance - usual)))
    if abs(distance[worst] - usual) > part * usual + SLACK:
        raise TableError(
            f"{trial.motion.name}: {a} and {b} are {1000 * distance[worst]:.0f} mm apart at "
            f"{worst / CAPTURE_FPS:.2f} s, usually {1000 * usual:.0f} mm (mislabelled markers?)"
        )


def _check_sides(trial: Trial, markers: npt.NDArray[np.float64]) -> None:
    """Left is on the left of somebody who faces forward."""
    middle = {name: np.median(markers[:, MARKERS.index(name)], axis=0) for name in PELVIS}
    left = middle["LASI"] + middle["LPSI"] - middle["RASI"] - middle["RPSI"]
    front = middle["LASI"] + middle["RASI"] - middle["LPSI"] - middle["RPSI"]
    if np.cross(front, left)[2] <= 0:
        raise TableError(
            f"{trial.motion.name}: the pelvis markers' left is on the right (mislabelled, or Z is not up?)"
        )


def _check_size(trial: Trial, markers: npt.NDArray[np.float64]) -> None:
    """A body of people's size: other units are told by it."""
    chain = [HEAD, PELVIS, ("RKNE", "LKNE"), ("RANK", "LANK")]
    places = [markers[:, [MARKERS.index(name) for name in names]].mean(axis=1) for names in chain]
    length = sum(float(np.median(np.linalg.norm(a - b, axis=-1))) for a, b in pairwise(places))
    if not LENGTHS_OF_BODIES[0] <= length <= LENGTHS_OF_BODIES[1]:
        raise TableError(
            f"{trial.motion.name}: from head to ankles the body measures {length:.2f} m; millimetres are expected"
        )
