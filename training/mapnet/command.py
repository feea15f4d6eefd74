# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""``cadenza-train takes``, ``mapnet`` and ``evaluate-mapnet``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from training.choices import OnProblem


def takes(
    corpus: Annotated[Path, typer.Argument(help="Corpus in MOSA's layout, or in TELMI's with --telmi.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to write.")],
    telmi: Annotated[bool, typer.Option("--telmi", help="The corpus is in TELMI's layout.")] = False,
    paper: Annotated[bool, typer.Option("--paper", help="With the paper's 35 features, for its own networks.")] = False,
    on_problem: Annotated[OnProblem, typer.Option(help="A recording that cannot be used.")] = OnProblem.skip,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
) -> None:
    """Cut a corpus into what `cadenza-train mapnet` reads: thirteen joints and the sound at 50 frames a second."""
    from training.datasets.corpus_card import warning_of
    from training.mapnet.takes import make_takes
    from training.progress import progress

    with progress("recordings") as tell:
        card = make_takes(
            corpus,
            out,
            telmi=telmi,
            paper=paper,
            on_problem=on_problem.value,
            workers=workers,
            say=lambda problem: typer.echo(f"left out: {problem}", err=True),
            progress=tell,
        )
    if warning := warning_of(corpus, card):
        typer.echo(warning, err=True)
    typer.echo(f"{card['recordings']} recordings, hours {card['hours']}, are in {out}")


def mapnet(
    config: Annotated[Path, typer.Option(help="YAML; training/configs/mapnet.yaml explains each key.")],
    override: Annotated[list[str] | None, typer.Option(help="key=value over the config, as often as needed.")] = None,
) -> None:
    """Train the network that repairs motion from its sound. A stopped run goes on where it was."""
    from training.config_files import ConfigError, read_config
    from training.mapnet.config import MapNetRun

    read = read_config(MapNetRun, config, override or [])
    try:
        from training.mapnet.train import train
    except ModuleNotFoundError as error:
        raise ConfigError(f"training needs {error.name}; run: pip install 'cadenza[learned,training]'") from error
    typer.echo(f"the weights are in {train(read)}")


def evaluate_mapnet(
    folder: Annotated[str, typer.Argument(help="Folder of cadenza-train takes.")],
    checkpoint: Annotated[
        list[str], typer.Option(help="NAME=FILE, and for a published network NAME@TAU=FILE; as often as needed.")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Report, .md; a plot is written beside it.")] = Path(
        "docs/results/mapnet.md"
    ),
    most: Annotated[int, typer.Option(min=1, help="Takes that are measured.")] = 40,
    threads: Annotated[int, typer.Option(min=1, help="Of the processor.")] = 1,
) -> None:
    """Measure how far repaired motion lies from the truth, beside filters and the published networks."""
    from training.config_files import ConfigError
    from training.whole_files import check_writable

    if out.suffix != ".md":
        raise ConfigError(f"the report {out} must end in .md")
    check_writable(out)
    try:
        from training.mapnet.judging import judge
    except ModuleNotFoundError as error:
        raise ConfigError(f"evaluating needs {error.name}; run: pip install 'cadenza[learned,training]'") from error
    judge(folder, checkpoint, out, most, threads)
    typer.echo(f"{out} is written")
