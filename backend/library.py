# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The library of tracks as recommenders see it, and the question that it is there for: which music fits a motion?"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import platformdirs

from backend.answers import blamed
from backend.chain import options_of
from backend.device import Device, device_for
from backend.library_arrays import stacked
from backend.library_file import LibraryFile, Track
from backend.library_index import Describing, update
from backend.plugin_manager import Registry, load_plugins
from backend.settings import default_cache
from plugins.api import ComponentError, JobContext, Motion, Recommendation, Recommender

FILE_NAME = "library.sqlite"


def default_library() -> Path:
    """Where the user's library is: it took long to make, and is no cache."""
    return Path(platformdirs.user_data_dir("cadenza", appauthor=False)) / FILE_NAME


def library_path(where: Path | None = None) -> Path:
    """The file of a library: the user's own; for a folder one of its own in the user's cache; a file is itself."""
    if where is None:
        return default_library()
    if not where.is_dir():
        return where
    name = hashlib.sha256(str(where.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:24]
    return default_cache() / "libraries" / f"{name}.sqlite"


def open_library(where: Path | None = None) -> LibraryFile:
    """Open a library that is there, or a folder as one.

    Raises:
        ComponentError: there is none, with what to do.
    """
    path = library_path(where)
    folder = where is not None and where.is_dir()
    if not folder and not path.is_file():
        raise ComponentError(
            f"there is no library at {path}; make one with: cadenza library add FOLDER, or give a folder of music"
        )
    library = LibraryFile(path)
    if folder and where is not None:
        library.add_folder(where.resolve())
    return library


@dataclass(frozen=True)
class KnownTracks:
    """The tracks of a library of which something is kept and whose file is there; ``plugins.api.Library``."""

    library: LibraryFile = field(repr=False)
    described: str
    tracks: Sequence[Track] = field(repr=False)

    @cached_property
    def paths(self) -> Sequence[Path]:
        return [track.path for track in self.tracks]

    @cached_property
    def durations(self) -> npt.NDArray[np.float64]:
        return np.array([track.duration for track in self.tracks])

    def matrix(self, name: str) -> npt.NDArray[Any]:
        blobs = self.library.blobs(self.described, name)
        missing = [track.path.name for track in self.tracks if track.sound not in blobs]
        if missing:
            raise ComponentError(f"nothing called {name!r} is kept of {missing[0]}; run: cadenza library update")
        return stacked([blobs[track.sound] for track in self.tracks])

    def arrays(self, index: int) -> Mapping[str, npt.NDArray[Any]]:
        return self.library.arrays(self.tracks[index].sound, self.described)


@dataclass(frozen=True)
class Found:
    """Recommendations, best first; path and reason of the tracks that were left out."""

    recommender: str
    tracks: list[Recommendation]
    left_out: list[tuple[Path, str]]
    compared: int


def recommender_of(registry: Registry, name: str = "") -> Recommender:
    """The recommender of that name; without one, the first that is installed.

    Raises:
        ComponentError: there is none.
    """
    installed = registry.components.get("recommender", {})
    if not name and not installed:
        raise ComponentError("nothing that recommends music is installed; see: cadenza components")
    return cast(Recommender, registry.get("recommender", name or next(iter(installed))))


def describing_with(
    registry: Registry, name: str = "", options: Mapping[str, Any] | None = None, device: Device = "auto"
) -> Describing:
    """A recommender, loaded, with its options; ComponentError when they are not allowed."""
    recommender = recommender_of(registry, name)
    chosen = options_of(recommender, options or {})
    ready = cast(Recommender, registry.ready(recommender, device_for(recommender, device)))
    return Describing(ready, chosen)


def known_tracks(library: LibraryFile, describing: Describing) -> tuple[KnownTracks, list[tuple[Path, str]]]:
    """What can be recommended now, and what cannot, with the reason."""
    known = library.known(describing.key)
    able, left_out = [], []
    for track in library.tracks():
        reason = track.problem or known.get(track.sound, "it was not listened to yet; run: cadenza library update")
        if not reason and not track.path.is_file():
            reason = "the file is not there any more; run: cadenza library update"
        if reason:
            left_out.append((track.path, reason))
        else:
            able.append(track)
    return KnownTracks(library, describing.key, able), left_out


def recommend_for(
    motion: Motion,
    where: Path | None = None,
    *,
    recommender: str = "",
    options: Mapping[str, Any] | None = None,
    top: int = 10,
    listen: bool = True,
    device: Device = "auto",
    registry: Registry | None = None,
    seed: int = 0,
    on_progress: Callable[[float, str], None] = lambda fraction, message: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Found:
    """Which tracks of a library fit a motion.

    Args:
        where: the library's file, or a folder of music; the user's library when None.
        recommender: its name; the first installed when empty. options: of the recommender.
        top: how many to answer with at most.
        listen: whether new tracks of the library's folders are listened to first (of a large library this takes long).

    Raises:
        ComponentError: with what to do; Cancelled.
    """
    if top < 1:
        raise ComponentError(f"--top must be at least 1, not {top}")
    registry = registry or load_plugins()
    describing = describing_with(registry, recommender, options, device)
    context = JobContext(seed=seed, fps=motion.fps, on_progress=on_progress, is_cancelled=is_cancelled)
    with open_library(where) as library:
        gone: list[tuple[Path, str]] = []
        if listen:
            report = update(library, describing, lambda f, message: on_progress(0.8 * f, message), is_cancelled)
            gone = [(path, "the file is not there any more, and is forgotten") for path in report.gone]
        tracks, left_out = known_tracks(library, describing)
        if not tracks.paths:
            raise ComponentError(_nothing(library, left_out))
        part = JobContext(
            seed=seed,
            fps=motion.fps,
            on_progress=lambda f, message: context.progress(0.8 + 0.2 * f if listen else f, message),
            is_cancelled=is_cancelled,
        )
        with blamed(registry, describing.recommender):
            found = describing.recommender.recommend(motion, tracks, describing.options, part)
        on_progress(1.0, "Recommendations ready")
        return Found(describing.recommender.name, found[:top], [*gone, *left_out], len(tracks.paths))


def _nothing(library: LibraryFile, left_out: Sequence[tuple[Path, str]]) -> str:
    """Why there is nothing to recommend."""
    if left_out:
        path, reason = left_out[0]
        return f"no track of the library can be used; {path.name}: {reason}"
    places = ", ".join(str(folder) for folder in library.folders()) or "it has no folders"
    return f"the library holds no tracks ({places}); add a folder with music: cadenza library add FOLDER"
