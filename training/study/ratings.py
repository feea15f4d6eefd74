# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The files of a study's answers: ``ratings.csv``, one row a rating, and ``ratings.raters.csv``, one row a person."""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

from training.study.study_file import QUESTIONS, SCALE, StudyError

COLUMNS: Final = ("rater", "order", "item", "condition", "question", "rating", "seconds", "time")
RATER_COLUMNS: Final = ("rater", "seed", "study", "years", "time")


@dataclass(frozen=True)
class Rating:
    """One row.

    Attributes:
        order: which clip of this rater it was, from 1.
        item: the piece.
        seconds: from when the clip was offered to the answer.
        time: of the answer, UTC, ISO 8601.
    """

    rater: str
    order: int
    item: str
    condition: str
    question: str
    rating: int
    seconds: float
    time: str

    def row(self) -> dict[str, str]:
        """As it is written."""
        return {name: str(getattr(self, name)) for name in COLUMNS}


def raters_file(results: Path) -> Path:
    """The file of raters that belongs to a file of ratings."""
    return results.with_suffix(".raters.csv")


def read_ratings(path: Path) -> tuple[list[Rating], list[str]]:
    """All ratings of a file, and what is wrong with the lines that hold none.

    Raises:
        StudyError: the file cannot be read, or has not the columns of ratings.
    """
    ratings, wrong = [], []
    for line, row in read_rows(path, COLUMNS):
        try:
            ratings.append(_rating(row))
        except (ValueError, TypeError) as error:
            wrong.append(f"{path} line {line}: {error}")
    return ratings, wrong


def read_rows(path: Path, columns: Iterable[str]) -> list[tuple[int, dict[str, str | None]]]:
    """Rows of a CSV with the numbers of their lines; StudyError when it is none with these columns."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            reader = csv.DictReader(file)
            lacking = [name for name in columns if name not in (reader.fieldnames or ())]
            if lacking:
                raise StudyError(f"{path} is no file of this kind: it lacks the columns {', '.join(lacking)}")
            return [(reader.line_num, row) for row in reader]
    except OSError as error:
        raise StudyError(f"{path} cannot be read: {error.strerror or error}") from error
    except csv.Error as error:
        raise StudyError(f"{path} is no CSV: {error}") from error


def _rating(row: Mapping[str, str | None]) -> Rating:
    values = {name: row[name] for name in COLUMNS}
    empty = [name for name, value in values.items() if not value]
    if empty:
        raise ValueError(f"no {', '.join(empty)}")
    if None in row:  # where csv puts what is beyond the last column
        raise ValueError("more values than columns")
    if values["question"] not in QUESTIONS:
        raise ValueError(f"the question {values['question']!r} is none of {', '.join(QUESTIONS)}")
    rating = _number("rating", values["rating"])
    if rating not in SCALE:
        raise ValueError(f"the rating {values['rating']!r} is not {SCALE[0]} to {SCALE[-1]}")
    rater, item, condition, question, time = (
        str(values[name]) for name in ("rater", "item", "condition", "question", "time")
    )
    order, seconds = int(_number("order", values["order"])), _number("seconds", values["seconds"])
    return Rating(rater, order, item, condition, question, int(rating), seconds, time)


def _number(name: str, text: str | None) -> float:
    try:
        number = float(text or "")
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"the {name} {text!r} is no number")
    return number


class Log:
    """A CSV that only grows. Rows that are appended together are on the disk together when ``append`` returns,
    or not at all; one process writes, with as many threads as it likes."""

    def __init__(self, path: Path, columns: tuple[str, ...]) -> None:
        self.path, self._columns, self._lock = path, columns, Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o644)
        try:
            _keep_to_ourselves(self._file, path)
            self._drop_torn_line()
            if os.fstat(self._file).st_size == 0:
                self._write(",".join(columns) + "\n")
        except BaseException:
            self.close()
            raise

    def append(self, rows: Iterable[Mapping[str, str]]) -> None:
        """Add rows; OSError when the disk cannot take them, and then none of them is there."""
        text = io.StringIO()
        csv.DictWriter(text, self._columns, lineterminator="\n").writerows(rows)
        with self._lock:
            self._write(text.getvalue())

    def close(self) -> None:
        """Let others write."""
        os.close(self._file)

    def _write(self, text: str) -> None:
        before = os.fstat(self._file).st_size
        given = text.encode()
        try:
            if os.write(self._file, given) != len(given):
                raise OSError(f"{self.path}: the disk is full")
            os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, before)
            raise

    def _drop_torn_line(self) -> None:
        """A line without its end was cut off by a crash before anybody was told that it was kept."""
        content = self.path.read_bytes()
        os.ftruncate(self._file, content.rfind(b"\n") + 1)


def _keep_to_ourselves(file: int, path: Path) -> None:
    """Two servers on one file would not know of each other's answers."""
    try:
        import fcntl
    except ModuleNotFoundError:  # Windows
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise StudyError(f"another study writes to {path}; stop it, or choose another --results") from None
