# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A study while it runs: who is rating, what comes next, and what was answered."""

from __future__ import annotations

import math
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Final

from training.study.ratings import COLUMNS, RATER_COLUMNS, Log, Rating, raters_file, read_ratings, read_rows
from training.study.study_file import QUESTIONS, SCALE, Clip, Study, StudyError

SLACK: Final = 0.5
"""Seconds by which a browser's clock and ends may differ from the film's own."""


class UnknownRater(ValueError):
    """Nobody of this id has begun."""


class Conflict(ValueError):
    """The answer is to another clip than the one that is this rater's turn."""


class BadAnswer(ValueError):
    """The answer is none."""


@dataclass(frozen=True)
class State:
    """Where a rater stands; ``clip`` is None when all is rated."""

    done: int
    of: int
    clip: Clip | None


class Session:
    """Takes answers and keeps them. Safe for threads."""

    def __init__(self, study: Study, results: Path) -> None:
        """Go on with what the files hold already; StudyError when they do not belong to this study."""
        self.study, self._lock = study, Lock()
        self._done: dict[str, set[str]] = {}
        people = raters_file(results)
        self._people = Log(people, RATER_COLUMNS)
        try:
            self._ratings = Log(results, COLUMNS)
            try:
                self._read(results, people)
            except BaseException:
                self._ratings.close()
                raise
        except BaseException:
            self._people.close()
            raise

    def close(self) -> None:
        """Let another session use the files."""
        self._ratings.close()
        self._people.close()

    def begin(self, years: float | None = None) -> str:
        """A new rater's id; ``years`` of playing an instrument, if they are told."""
        rater = secrets.token_hex(8)
        told = "" if years is None else f"{years:g}"
        row = (rater, str(self.study.seed), self.study.fingerprint, told, _now())
        self._people.append([dict(zip(RATER_COLUMNS, row, strict=True))])
        with self._lock:
            self._done[rater] = set()
        return rater

    def state(self, rater: str) -> State:
        """Where a rater stands; UnknownRater."""
        if rater not in self._done:
            raise UnknownRater("this rater is not known; begin again")
        done = self._done[rater]
        left = [clip for clip in self.study.order(rater) if clip.id not in done]
        return State(len(done), len(self.study.clips), left[0] if left else None)

    def rate(self, rater: str, clip_id: str, answers: dict[str, int], seconds: float) -> State:
        """Keep the answers to the clip that is this rater's turn; afterwards they are on the disk.

        Raises:
            UnknownRater, BadAnswer, Conflict: nothing was kept.
            OSError: the disk did not take it; nothing was kept.
        """
        with self._lock:
            state = self.state(rater)
            if state.clip is None or state.clip.id != clip_id:
                raise Conflict("this clip is rated already, or its turn is later; load the page again")
            _check(answers, seconds, state.clip)
            self._keep(rater, state, state.clip, answers, seconds)
            self._done[rater].add(clip_id)
            return self.state(rater)

    def _keep(self, rater: str, state: State, clip: Clip, answers: dict[str, int], seconds: float) -> None:
        item, now = clip.item, _now()
        self._ratings.append(
            Rating(rater, state.done + 1, item.piece, item.condition, q, answers[q], round(seconds, 2), now).row()
            for q in QUESTIONS
        )

    def _read(self, results: Path, people: Path) -> None:
        for line, row in read_rows(people, RATER_COLUMNS):
            if row["study"] != self.study.fingerprint:
                raise StudyError(
                    f"{people} line {line} is of another study, or this one has changed since; choose another --results"
                )
            self._done[str(row["rater"])] = set()
        ratings, wrong = read_ratings(results)
        if wrong:
            raise StudyError("; ".join(wrong) + "; mend or remove these lines, or choose another --results")
        answered: dict[tuple[str, str, str], set[str]] = {}
        for rating in ratings:
            answered.setdefault((rating.rater, rating.item, rating.condition), set()).add(rating.question)
        ids = {(clip.item.piece, clip.item.condition): clip.id for clip in self.study.clips}
        for (rater, *pair), questions in answered.items():
            if rater not in self._done or tuple(pair) not in ids:
                raise StudyError(f"{results} holds ratings of another study; choose another --results")
            if questions == set(QUESTIONS):  # half an answer is asked for again
                self._done[rater].add(ids[pair[0], pair[1]])


def _check(answers: dict[str, int], seconds: float, clip: Clip) -> None:
    if set(answers) != set(QUESTIONS) or any(answer not in SCALE for answer in answers.values()):
        raise BadAnswer(f"{' and '.join(QUESTIONS)} need a rating of {SCALE[0]} to {SCALE[-1]} each")
    if not (math.isfinite(seconds) and seconds >= clip.media.seconds - SLACK):
        raise BadAnswer(f"the clip was not played to its end: it lasts {clip.media.seconds:.1f} s")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
