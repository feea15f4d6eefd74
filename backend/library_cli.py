# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""``cadenza library``: the music that ``cadenza recommend`` chooses from."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from backend.library_file import LibraryFile
    from backend.library_index import Report

# Only what the help needs is imported here (see ``cli``).

app = typer.Typer(help="The music that cadenza recommend chooses from.", no_args_is_help=True)

File = Annotated[Path | None, typer.Option("--library", help="File of the library; without, your own")]
Recommender = Annotated[str, typer.Option(help="Who listens; without, the first that is installed")]
Options = Annotated[list[str] | None, typer.Option("--option", help="name=value of the recommender")]
INTERVAL = 2.0
"""Seconds between two looks at a folder that is watched."""


@app.command()
def add(
    folders: Annotated[list[Path], typer.Argument(help="Folders with music; what is below them counts, too")],
    library: File = None,
    watch: Annotated[bool, typer.Option("--watch", help="Go on, and listen to what comes, until Ctrl-C")] = False,
    recommender: Recommender = "",
    option: Options = None,
) -> None:
    """Add folders, and listen to their tracks once. Breaking off loses nothing: it goes on there the next time."""
    from backend.library import library_path
    from backend.library_file import LibraryFile
    from plugins.api import ComponentError

    for folder in folders:
        if not folder.is_dir():
            raise ComponentError(f"{folder} is no folder; give folders with music")
    with kept_when_stopped(), LibraryFile(library_path(_no_folder(library))) as opened:
        for folder in folders:
            opened.add_folder(folder.resolve())
        _listen(opened, recommender, option)
        while watch:
            time.sleep(INTERVAL)
            _listen(opened, recommender, option, quiet=True)


@app.command()
def update(library: File = None, recommender: Recommender = "", option: Options = None) -> None:
    """Listen to what is new or has changed, and forget what is not there any more."""
    with kept_when_stopped(), _opened(library) as opened:
        _listen(opened, recommender, option)


@app.command()
def remove(
    folders: Annotated[list[Path], typer.Argument(help="Folders to forget; their files are left alone")],
    library: File = None,
) -> None:
    """Forget folders and their tracks."""
    from plugins.api import ComponentError

    with _opened(library) as opened:
        known = opened.folders()
        for folder in folders:
            place = folder.resolve()
            if place not in known:
                raise ComponentError(f"{place} is not in the library; it has {', '.join(map(str, known)) or 'none'}")
            opened.remove_folder(place)
        left = opened.folders()
        lost = [t.path for t in opened.tracks() if not any(t.path.is_relative_to(folder) for folder in left)]
        opened.remove(lost)
        say(f"tracks forgotten: {len(lost)}")


@app.command("list")
def list_tracks(
    library: File = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON")] = False,
    recommender: Recommender = "",
    option: Options = None,
) -> None:
    """The folders, the tracks, and why tracks are left out."""
    from backend.library import describing_with, known_tracks
    from backend.plugin_manager import load_plugins

    with _opened(library) as opened:
        describing = describing_with(load_plugins(), recommender, options_of(option, recommender))
        tracks, left_out = known_tracks(opened, describing)
        folders = opened.folders()
    if as_json:
        listed: list[dict[str, Any]] = [
            {"path": str(t.path), "duration": round(t.duration, 3), "problem": ""} for t in tracks.tracks
        ]
        listed += [{"path": str(path), "duration": None, "problem": reason} for path, reason in left_out]
        to_output(
            json.dumps({"library": str(opened.path), "folders": list(map(str, folders)), "tracks": listed}, indent=2)
        )
        return
    for track in tracks.tracks:
        to_output(f"{_clock(track.duration):>7}  {track.path}")
    for path, reason in left_out:
        to_output(f"      -  {path}: {reason}")
    say(f"{len(tracks.paths)} tracks, {len(left_out)} left out, in {', '.join(map(str, folders)) or 'no folder'}")


def _listen(opened: LibraryFile, recommender: str, option: list[str] | None, *, quiet: bool = False) -> None:
    """Update, and say what came of it (of an update that found nothing only unless ``quiet``)."""
    from backend.library import describing_with
    from backend.library_index import update
    from backend.plugin_manager import load_plugins
    from backend.signals import check_stopped

    describing = describing_with(load_plugins(), recommender, options_of(option, recommender))
    if quiet:
        report = update(opened, describing, lambda fraction, message: check_stopped())
    else:
        with bar("Looking for tracks") as shown:
            report = update(opened, describing, shown)
    if not quiet or report.changed:
        _told(report)


def _told(report: Report) -> None:
    for path, reason in report.left_out:
        say(f"left out: {path}: {reason}")
    for path in report.gone:
        say(f"gone: {path}")
    for folder in report.missing:
        say(f"not there: {folder} (its tracks are remembered, and left out until it is)")
    of_these = f"{report.new} listened to, {report.known} known; {len(report.left_out)} of these left out"
    say(f"{of_these}, {len(report.gone)} gone")


@contextmanager
def kept_when_stopped() -> Iterator[None]:
    """Whoever stops the listening is told that nothing is lost."""
    from backend.signals import Stopped

    try:
        yield
    except Stopped as stop:
        say("stopped; what was listened to is kept")
        raise SystemExit(stop.status) from None


@contextmanager
def bar(description: str) -> Iterator[Callable[[float, str], None]]:
    from backend.progress_bars import bars_on, shown_in

    with bars_on(console()) as bars:
        yield shown_in(bars, description)


@contextmanager
def _opened(path: Path | None) -> Iterator[LibraryFile]:
    from backend.library import open_library

    with open_library(_no_folder(path)) as library:
        yield library


def _no_folder(path: Path | None) -> Path | None:
    from plugins.api import ComponentError

    if path is not None and path.is_dir():
        raise ComponentError(f"{path} is a folder; --library is the file of a library here")
    return path


def options_of(given: list[str] | None, recommender: str) -> dict[str, Any]:
    """``name=value`` of the recommender, as for ``cadenza animate``."""
    from backend.cli import parse_options

    found = parse_options(given or [], recommender)
    return {name: value for values in found.values() for name, value in values.items()}


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def console() -> Console:
    from rich.console import Console

    return Console(stderr=True)


def say(text: str) -> None:
    console().print(text, markup=False, highlight=False, soft_wrap=True)


def to_output(text: str) -> None:
    print(text)  # noqa: T201 (what was asked for goes to standard output, for scripts)
