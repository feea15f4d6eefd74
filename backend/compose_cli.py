# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""``cadenza compose`` and ``cadenza improvise``: music for a motion, and motion and music from nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

# Only what the help needs is imported here (see ``cli``).

Composer = Annotated[str, typer.Option(help="Who composes; see: cadenza components")]
Seed = Annotated[int, typer.Option(help="Another seed, other music")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda")]
Given = Annotated[
    list[str] | None, typer.Option("--option", help="name=value of the composer, or component.name=value")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files that exist")]


def compose(
    motion: Annotated[Path, typer.Argument(help="The motion to set to music (.npz)")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The sound to write, .wav")],
    composer: Composer = "momu",
    start: Annotated[float | None, typer.Option(help="Begin here, seconds of the motion")] = None,
    end: Annotated[float | None, typer.Option(help="Stop here, seconds of the motion")] = None,
    seed: Seed = 0,
    device: Device = "auto",
    option: Given = None,
    overwrite: Overwrite = False,
) -> None:
    """Make music for a motion, as long as it is."""
    from backend.cli import job_of
    from backend.compose_files import compose_file
    from backend.library_cli import console, to_output

    job = job_of(composer, "violin", 30.0, seed, device, option or [])
    where = {"start": start, "end": end}
    compose_file(motion, output, job, composer, overwrite=overwrite, console=console(), **where)
    to_output(str(output))


def improvise(
    seconds: Annotated[float, typer.Option(help="How long")],
    output: Annotated[
        str, typer.Option("--output", "-o", help="A name: NAME.wav, NAME.motion.npz and NAME.blend; or a folder")
    ],
    composer: Composer = "momu",
    blend: Annotated[bool, typer.Option(help="Whether to write the .blend")] = True,
    fps: Annotated[float, typer.Option(help="Frames per second")] = 30.0,
    seed: Seed = 0,
    device: Device = "auto",
    option: Given = None,
    overwrite: Overwrite = False,
) -> None:
    """Make motion and its music from nothing: another seed, another piece."""
    from backend.cli import job_of
    from backend.compose_files import improvise_files, take_outputs
    from backend.library_cli import console, to_output

    job = job_of(composer, "violin", fps, seed, device, option or [])
    outputs = take_outputs(output, seed, blend=blend)
    for path in improvise_files(outputs, job, composer, seconds, overwrite=overwrite, console=console()):
        to_output(str(path))
