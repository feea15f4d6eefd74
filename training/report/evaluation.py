# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""From weights and clips to the report, its plots and its film."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plugins.api.log_mel import FPS
from training.a2m_clips import Clips, Recording
from training.evaluate import Points, moved, predict, real_points
from training.folds import Rows
from training.report import fold_windows
from training.report.contestants import Contestant, EvaluateError, common_joints
from training.report.film import Sound, sound_of, write_film, write_still
from training.report.measuring import REAL, SPLITS, UNSEEN, measure
from training.report.page import Film, Report
from training.report.plots import draw_plots
from training.report.stick_figure import Body

FILM_SECONDS: Final = 12.0

Progress = Callable[[int, int], None]
Targets = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Filming:
    """Where the film goes, and the corpus that has its sound."""

    path: Path
    corpus: Path


def evaluate(
    contestants: Sequence[Contestant],
    clips: Clips,
    instrument: str,
    out: Path,
    filming: Filming | None = None,
    splits: Sequence[str] = UNSEEN,
    progress: Progress = lambda done, of: None,
) -> Path:
    """Measure everything, then write page, plots and film; returns the page.

    Raises EvaluateError, ClipsError: with what is wrong, before anything is written.
    """
    honest = [c for c in contestants if c.fold is None]
    found = [split for split in splits if clips.split(split)] if honest else []
    targets = common_joints(contestants, instrument)
    jobs = _jobs(contestants, clips) if fold_windows.folds_of(contestants) else []
    if not found and not jobs:
        names = " or ".join(SPLITS[split].lower() for split in splits)
        raise EvaluateError(f"{clips.folder} has no recordings of {names} (splits {', '.join(splits)} of clips.json)")
    scene = _scene(filming, clips, found) if filming is not None else None
    count = _Count(progress, len(jobs) + sum(len(clips.split(s)) * (1 + len(honest)) for s in found))
    measured = [measure(honest, clips, split, targets, count) for split in found]
    judged = [fold_windows.judge(who, clips, rows, unseen, targets, count) for who, rows, unseen in jobs]
    out.parent.mkdir(parents=True, exist_ok=True)
    film = _film(scene, honest, clips) if scene is not None else None
    plots = draw_plots(measured, out.parent, out.stem) if measured else []
    joints = tuple(joint for part in targets.values() for joint in part)
    Report(clips, instrument, joints, contestants, measured, judged, plots, film).write(out)
    return out


@dataclass(frozen=True)
class Scene:
    """What is filmed: rows of a recording, counted from its beginning."""

    path: Path
    recording: Recording
    rows: slice
    sound: Sound


def _scene(filming: Filming, clips: Clips, splits: Sequence[str]) -> Scene:
    """The first recording; not its first bars, but what comes after a third."""
    if not splits:
        raise EvaluateError("a film needs weights of the honest split, and recordings that they have not seen")
    recording = clips.split(splits[0])[0]
    frames = min(recording.frames, round(FILM_SECONDS * FPS))
    first = min(recording.frames // 3, recording.frames - frames)
    rows = slice(first, first + frames)
    return Scene(filming.path, recording, rows, sound_of(filming.corpus, recording, rows))


def _film(scene: Scene, contestants: Sequence[Contestant], clips: Clips) -> Film:
    recording = scene.recording
    players = _players([c for c in contestants if c.filmed], clips, recording, scene.rows)
    picture = write_film(scene.path, players, Body.of(clips, recording), scene.sound)
    still = write_still(picture, scene.path.with_suffix(".jpg"))
    unseen = SPLITS[recording.split].lower()
    return Film(scene.path, still, f"{recording.piece} by {recording.performer} ({unseen}), as played and as made")


class _Count:
    """Counts steps for the progress."""

    def __init__(self, progress: Progress, of: int) -> None:
        self._progress, self._of, self._done = progress, of, 0

    def __call__(self) -> None:
        self._done += 1
        self._progress(self._done, self._of)


def _jobs(contestants: Sequence[Contestant], clips: Clips) -> list[tuple[Contestant, Rows, str]]:
    """Who is judged in windows, in which, and what they are."""
    folds = [(who, None, f"fold {who.fold}") for who in fold_windows.folds_of(contestants)]
    twins = [(who, s, SPLITS[s].lower()) for who in fold_windows.twins(contestants) for s in UNSEEN]
    found = [(who, fold_windows.rows_of(who, clips, split), unseen) for who, split, unseen in [*folds, *twins]]
    return [(who, rows, unseen) for who, rows, unseen in found if len(rows)]


def _players(contestants: Sequence[Contestant], clips: Clips, recording: Recording, rows: slice) -> dict[str, Points]:
    """The real one and the others, all of the recording, of which ``rows`` are shown."""
    joints = tuple(dict.fromkeys(joint for who in contestants for joint in who.joints))
    players = {REAL: real_points(clips, recording.rows, joints)}
    for who in contestants:
        said = predict(who.predictor, clips, recording)
        players[who.name] = moved(who.predictor, said, recording.offset).points
    return {name: {joint: place[rows] for joint, place in points.items()} for name, points in players.items()}
