# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""``cadenza-train mclemcd`` and ``cadenza-train evaluate-mclemcd``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

Overrides = Annotated[list[str] | None, typer.Option(help="key=value over the config, as often as needed.")]


def mclemcd(
    config: Annotated[Path, typer.Option(help="YAML; training/configs/mclemcd.yaml explains each key.")],
    override: Overrides = None,
) -> None:
    """Train the style embedding of dances, from motion and music. A stopped run goes on where it was."""
    from training.config_files import ConfigError, read_config
    from training.mclemcd.config import MclemcdConfig

    read = read_config(MclemcdConfig, config, override or [])
    try:
        from training.mclemcd.train import train
    except ModuleNotFoundError as error:
        raise ConfigError(f"training needs {error.name}; run: pip install 'cadenza[learned,training]'") from error
    typer.echo(f"the weights are in {train(read)}")


def evaluate_mclemcd(
    config: Annotated[Path, typer.Option(help="YAML of the runs that are compared.")],
    override: Overrides = None,
    out: Annotated[Path, typer.Option("-o", "--out", help="Report, .md; plots are written beside it.")] = Path(
        "docs/results/mclemcd.md"
    ),
    seeds: Annotated[int, typer.Option(min=1, help="Seeds, each with its own folds.")] = 5,
    results: Annotated[
        Path | None, typer.Option(help="JSON lines of what was said; a stopped run goes on from there.")
    ] = None,
    late: Annotated[
        bool, typer.Option("--late", help="Late fusion on pieces that are kept apart alone, which takes less time.")
    ] = False,
) -> None:
    """Measure the style embedding: alone and together with the music, on pieces kept apart and in the paper's split."""
    from training.config_files import ConfigError, read_config
    from training.mclemcd.config import MclemcdConfig
    from training.progress import progress
    from training.whole_files import check_writable

    if out.suffix != ".md":
        raise ConfigError(f"the report {out} must end in .md")
    check_writable(out)
    read = read_config(MclemcdConfig, config, override or [])
    try:
        import torch

        from training.mclemcd.clock import rates, readings, told_by_roughness
        from training.mclemcd.report import write
        from training.mclemcd.segments import cut
        from training.mclemcd.segments import read as dances_of
        from training.mclemcd.trials import trials
    except ModuleNotFoundError as error:
        raise ConfigError(f"evaluating needs {error.name}; run: pip install 'cadenza[learned,training]'") from error
    if read.machine.threads:
        torch.set_num_threads(read.machine.threads)
    dances = dances_of(read.data)
    segments = cut(dances, read.data.joints, read.style)
    with progress("trials") as tell:
        answers = trials(read, segments, range(seeds), results, tell, late=late)
    rough = {
        name: told_by_roughness(of, read.split.folds)
        for name, of in readings(dances, read.data.joints, read.style).items()
    }
    write(out, read, segments, answers, rates(dances), rough, _command(config, override or [], seeds, late))
    typer.echo(f"{out} is written")


def _command(config: Path, overrides: list[str], seeds: int, late: bool) -> str:
    """As it was given, but for the folders, which whoever reads it has not."""
    told = [f"data.folder={Path(o.partition('=')[2]).name}" if o.startswith("data.folder=") else o for o in overrides]
    words = ["cadenza-train", "evaluate-mclemcd", "--config", config.as_posix(), "--seeds", str(seeds)]
    words += ["--late"] * late + [word for o in told if not o.startswith("output=") for word in ("--override", o)]
    return shlex.join(words)
