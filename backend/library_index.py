# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Listening to the tracks of a library: only to those that are new or have changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from backend.audio_files import check_name, read_audio
from backend.library_file import LibraryFile, Track
from plugins.api import AudioError, ComponentError, JobContext, Recommender

SUFFIXES: Final = (".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".aif", ".aiff", ".aifc")
LONGEST: Final = 3600.0
"""Seconds of a track: a whole symphony, but no day of radio."""
CHUNK: Final = 1 << 20


@dataclass
class Report:
    """What an update found.

    Attributes:
        new: tracks that were listened to.
        known: tracks that needed no listening.
        left_out: path and reason of those that cannot be recommended.
        gone: tracks that are not there any more, and are forgotten.
        missing: folders that are not there (now): their tracks are left out, and remembered.
    """

    new: int = 0
    known: int = 0
    left_out: list[tuple[Path, str]] = field(default_factory=list)
    gone: list[Path] = field(default_factory=list)
    missing: list[Path] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return bool(self.new or self.gone)


@dataclass(frozen=True)
class Describing:
    """A recommender that is ready, its options, and the name under which what it says is kept."""

    recommender: Recommender
    options: Any

    @property
    def key(self) -> str:
        """Of everything that the description depends on."""
        chosen = {name: getattr(self.options, name) for name in sorted(self.recommender.describing)}
        parts = [self.recommender.name, self.recommender.checkpoint, *(f"{n}={v!r}" for n, v in chosen.items())]
        return "|".join(part for part in parts if part)


def update(
    library: LibraryFile,
    describing: Describing,
    on_progress: Callable[[float, str], None] = lambda fraction, message: None,
    is_cancelled: Callable[[], bool] = lambda: False,
    folders: Sequence[Path] | None = None,
) -> Report:
    """Listen to what is new in the library's folders (or in some of them).

    What was listened to stays when the work is broken off: the next update goes on there.

    Raises:
        Cancelled.
    """
    context = JobContext(on_progress=on_progress, is_cancelled=is_cancelled)
    report = Report()
    context.progress(0.0, "Looking for tracks")
    wanted = library.folders() if folders is None else list(folders)
    report.missing = [folder for folder in wanted if not folder.is_dir()]
    found = [path for folder in wanted if folder not in report.missing for path in sounds(folder)]
    before = {track.path: track for track in library.tracks()}
    work = _Update(library, describing, context, report, before)
    for done, path in enumerate(dict.fromkeys(found)):
        context.progress(done / len(found), f"Listening to {path.name}"[:60])
        work.look(path)
    # Last, so that what is kept of a track that was moved is still there.
    report.gone = _gone(before, set(found), wanted, report.missing)
    if report.changed:
        library.remove(report.gone)
    context.progress(1.0, "Library ready")
    return report


def _gone(before: dict[Path, Track], found: set[Path], wanted: Sequence[Path], missing: Sequence[Path]) -> list[Path]:
    """Tracks of the folders that were looked through that are not there."""
    there = [folder for folder in wanted if folder not in missing]
    return [path for path in before if path not in found and any(path.is_relative_to(f) for f in there)]


class _Update:
    """One walk through the tracks."""

    def __init__(
        self,
        library: LibraryFile,
        describing: Describing,
        context: JobContext,
        report: Report,
        before: Mapping[Path, Track],
    ) -> None:
        self.library, self.describing, self.context = library, describing, context
        self.report, self.before = report, before
        self.known = library.known(describing.key)
        self.by_sound = {track.sound: track for track in before.values()}

    def look(self, path: Path) -> None:
        """One track: nothing to do, a new place of a known sound, or to be listened to."""
        try:
            check_name(path)
            state = path.stat()
            track = self.before.get(path)
            same = track is not None and (track.size, track.modified) == (state.st_size, state.st_mtime_ns)
            if track is None or not same:
                track = _hashed(path, state, self.context)
        except (OSError, AudioError) as error:
            self.report.left_out.append((path, _words(error)))
            return
        other = self.by_sound.get(track.sound)
        if other is not None and (other.problem or other.sound in self.known):
            track = replace(track, duration=other.duration, problem=other.problem)
            if not same:
                self.library.put(track)
            self.report.known += 1
        else:
            track = self._listened(track)
            self.report.new += 1
        self.by_sound[track.sound] = track
        reason = track.problem or self.known.get(track.sound, "")
        if reason:
            self.report.left_out.append((path, reason))

    def _listened(self, track: Track) -> Track:
        try:
            # Other files of the same content are given the same words.
            audio = read_audio(track.path, name="it", longest=LONGEST)
        except (AudioError, OSError) as error:
            track = replace(track, problem=_words(error))
            self.library.put(track)
            return track
        track = replace(track, duration=audio.duration)
        quiet = replace(self.context, on_progress=lambda fraction, message: None)
        key = self.describing.key
        try:
            arrays = self.describing.recommender.describe(audio, self.describing.options, quiet)
        except ComponentError as error:
            self.known[track.sound] = str(error)
            self.library.refuse(track, key, str(error))
            return track
        self.known[track.sound] = ""
        self.library.keep(track, key, arrays)
        return track


def sounds(folder: Path) -> Iterator[Path]:
    """Sound files in a folder and below it, by name; what is hidden is left alone, and links to folders are not
    followed."""
    for place, inside, files in os.walk(folder):
        inside[:] = sorted(name for name in inside if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and name.lower().endswith(SUFFIXES):
                yield Path(place) / name


def _hashed(path: Path, state: os.stat_result, context: JobContext) -> Track:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            context.check_cancelled()
            digest.update(chunk)
    return Track(path, state.st_size, state.st_mtime_ns, digest.hexdigest(), 0.0)


def _words(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
