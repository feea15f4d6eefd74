# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""``cadenza-train momu``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def momu(
    config: Annotated[Path, typer.Option(help="YAML; training/configs/momu.yaml explains each key.")],
    stage: Annotated[
        str | None, typer.Option(help="music-vae, motion-vae, music2motion or motion2music, instead of the config's.")
    ] = None,
    override: Annotated[list[str] | None, typer.Option(help="key=value over the config, as often as needed.")] = None,
) -> None:
    """Train one of the four networks that make motion of music and music of motion. A stopped run goes on."""
    from training.config_files import ConfigError, read_config
    from training.momu.config import MomuRun

    chosen = [] if stage is None else [f"stage={stage}"]
    read = read_config(MomuRun, config, [*chosen, *(override or [])])
    try:
        from training.momu.train import train
    except ModuleNotFoundError as error:
        raise ConfigError(f"training needs {error.name}; run: pip install 'cadenza[learned,training]'") from error
    typer.echo(f"the weights are in {train(read)}")
