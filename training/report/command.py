# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""``cadenza-train evaluate``."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, Literal

import typer

from training.progress import progress

# Only what the help needs is imported here.


class Split(str, Enum):  # noqa: UP042 - typer shows the values of such an Enum
    """Of the clips."""

    test_piece = "test_piece"
    test_performer = "test_performer"
    valid = "valid"
    train = "train"


def evaluate(
    weights: Annotated[list[str], typer.Argument(help="Checkpoints of A2M, each FILE or NAME=FILE.")],
    clips: Annotated[Path, typer.Option(help="Folder made by cadenza-train clips.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Report, .md; plots are written beside it.")] = Path(
        "docs/results/a2m.md"
    ),
    instrument: Annotated[Literal["violin", "piano"], typer.Option(help="Who plays.")] = "violin",
    split: Annotated[list[Split] | None, typer.Option(help="Of the clips; the unseen ones by default.")] = None,
    film: Annotated[Path | None, typer.Option(help="An .mp4 of all side by side; needs --corpus.")] = None,
    corpus: Annotated[Path | None, typer.Option(help="What the clips were cut from: the film's sound.")] = None,
) -> None:
    """Measure weights on pieces and players that they have not seen, and write a report."""
    from training.config_files import ConfigError

    try:
        from training.report.contestants import EvaluateError, open_contestants
        from training.report.evaluation import Filming
        from training.report.evaluation import evaluate as run
        from training.report.measuring import UNSEEN
    except ModuleNotFoundError as error:
        raise ConfigError(f"evaluating needs {error.name}; run: pip install 'cadenza[learned,training]'") from error
    from training.a2m_clips import Clips
    from training.whole_files import check_writable

    if out.suffix != ".md":
        raise EvaluateError(f"the report {out} must end in .md")
    check_writable(out)
    if film is not None and (film.suffix != ".mp4" or film.parent.resolve() != out.parent.resolve()):
        raise EvaluateError(f"the film {film} must end in .mp4 and lie beside the report {out}, which shows it")
    if film is not None and corpus is None:
        raise EvaluateError("--film needs --corpus, the folder that the clips were cut from, for its sound")
    filming = Filming(film, corpus) if film is not None and corpus is not None else None
    splits = [one.value for one in split] if split else UNSEEN
    opened = Clips.open(clips, instrument)
    try:
        with progress("recordings") as tell:
            run(open_contestants(weights, instrument), opened, instrument, out, filming, splits, tell)
    except KeyboardInterrupt:
        typer.echo("cadenza-train: stopped; no report was written", err=True)
        raise typer.Exit(130) from None
    typer.echo(f"{out} is written")
