# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""``cadenza-train a2m``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def a2m(
    config: Annotated[Path, typer.Option(help="YAML; training/configs/a2m_violin.yaml explains each key.")],
    override: Annotated[list[str] | None, typer.Option(help="key=value over the config, as often as needed.")] = None,
) -> None:
    """Train the network that moves a musician to the sound. A stopped run goes on where it was."""
    from training.a2m_config import TrainConfig
    from training.config_files import ConfigError, read_config

    read = read_config(TrainConfig, config, override or [])
    try:
        from training.train_a2m import train
    except ModuleNotFoundError as error:
        raise ConfigError(f"training needs {error.name}; run: pip install 'cadenza[learned,training]'") from error
    typer.echo(f"the weights are in {train(read)}")
