# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""``cadenza-train recognition``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def recognition(
    config: Annotated[Path, typer.Option(help="YAML; training/configs/hearing.yaml explains each key.")],
    override: Annotated[list[str] | None, typer.Option(help="key=value over the config, as often as needed.")] = None,
) -> None:
    """Train the network that hears beats, phrases, dynamics and articulation. A stopped run goes on where it was."""
    from training.config_files import ConfigError, read_config
    from training.recognition.config import RecognitionConfig

    read = read_config(RecognitionConfig, config, override or [])
    try:
        from training.recognition.train import train
    except ModuleNotFoundError as error:
        raise ConfigError(f"training needs {error.name}; run: pip install 'cadenza[learned,training]'") from error
    typer.echo(f"the weights are in {train(read)}")
