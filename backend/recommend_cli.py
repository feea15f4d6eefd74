# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""``cadenza recommend``: which music fits a motion."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backend.library_cli import Options, Recommender, bar, kept_when_stopped, options_of, say, to_output

if TYPE_CHECKING:
    from backend.library import Found
    from plugins.api import Recommendation

# Only what the help needs is imported here (see ``cli``).


def recommend(
    motion: Annotated[Path, typer.Argument(help="Motion, .npz (cadenza animate --motion)")],
    library: Annotated[
        Path | None,
        typer.Option("--library", help="Folder with music, or file of a library; without, your own library"),
    ] = None,
    top: Annotated[int, typer.Option(help="How many tracks")] = 10,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Also write them, .json")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON")] = False,
    start: Annotated[float | None, typer.Option(help="Begin here, seconds")] = None,
    end: Annotated[float | None, typer.Option(help="Stop here, seconds")] = None,
    update: Annotated[bool, typer.Option(help="Listen to new tracks first")] = True,
    recommender: Recommender = "",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    option: Options = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that exists")] = False,
) -> None:
    """Find music for a motion: which tracks fit, from where, at what speed, and why."""
    from backend.library import recommend_for
    from backend.motion_file import read_motion
    from backend.output_file import check_output, write_whole
    from plugins.api import ComponentError

    if device not in ("auto", "cpu", "cuda"):
        raise ComponentError(f"--device is auto, cpu or cuda, not {device!r}")
    if output is not None:
        if output.suffix.lower() != ".json":
            raise ComponentError(f"{output} must end in .json")
        check_output(output, [motion], overwrite)
    watched = read_motion(motion, start, end)
    with kept_when_stopped(), bar("Looking for tracks") as shown:
        found = recommend_for(
            watched,
            library,
            recommender=recommender,
            options=options_of(option, recommender),
            top=top,
            listen=update,
            device=device,  # type: ignore[arg-type]  # checked above: one of the three
            on_progress=shown,
        )
    text = json.dumps(to_dict(found, motion), indent=2)
    if output is not None:
        write_whole(output, (text + "\n").encode())
    if as_json:
        to_output(text)
        return
    for path, reason in found.left_out:
        say(f"left out: {path}: {reason}")
    for place, track in enumerate(found.tracks, 1):
        to_output(f"{place:3}. {track.path}\n     {_place(track)}; {track.reason}")


def to_dict(found: Found, motion: Path) -> dict[str, Any]:
    """What is written with -o and --json."""
    tracks = [
        {"path": str(t.path), "score": t.score, "offset": t.offset, "tempo_ratio": t.tempo_ratio, "reason": t.reason}
        for t in found.tracks
    ]
    left_out = [{"path": str(path), "reason": reason} for path, reason in found.left_out]
    head = {"motion": str(motion), "recommender": found.recommender, "compared": found.compared}
    return {**head, "tracks": tracks, "left_out": left_out}


def _place(track: Recommendation) -> str:
    if track.offset < 0:
        return f"begin it {-track.offset:.2f} s after the motion"
    return f"begin the motion at {track.offset:.2f} s of it"
