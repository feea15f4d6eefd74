# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""``cadenza-train synchronise``."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer


class Played(str, Enum):  # noqa: UP042 - typer shows the values of such an Enum
    """What is played."""

    violin = "violin"
    piano = "piano"


def synchronise(
    recording: Annotated[Path, typer.Argument(help="What was played: a violin's sound, or MIDI of either.")],
    score: Annotated[Path, typer.Option(help="Its score: .musicxml, .xml, .mxl or .mid.")],
    out: Annotated[
        Path, typer.Option("-o", "--out", help="New align_notetime table (CSV); one of the bars beside it.")
    ],
    reference: Annotated[Path | None, typer.Option(help="Sound of the same performance; times count in it.")] = None,
    instrument: Annotated[Played, typer.Option(help="Which part of the score.")] = Played.violin,
) -> None:
    """Find when each note of a score was played in a recording, and how sure each bar is."""
    from training.progress import progress
    from training.synchronisation.report import check_new, write
    from training.synchronisation.synchronise import synchronise as run

    check_new(out)
    with progress("percent") as tell:
        found = run(recording, score, reference, instrument.value, lambda part: tell(round(100 * part), 100))
    typer.echo(write(found, out))
