# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What generator, corrector and composer do alike: load the networks, and choose when to show how far they are."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from plugins.api import ComponentError
from plugins.api.checkpoint import CheckpointError
from plugins.momu.checkpoint import load_weights
from plugins.momu.engine import Engine

PREVIEWS: Final = (0.34, 0.67)
"""How far through the noise a preview is shown."""


def loaded(path: Path, device: str, label: str) -> Engine:
    """The networks of a file; ComponentError when they cannot be had."""
    try:
        return Engine(load_weights(path), device)
    except CheckpointError as error:
        raise ComponentError(str(error)) from error
    except ModuleNotFoundError as error:
        raise ComponentError(f"{label} needs {error.name}; run: pip install 'cadenza[learned]'") from error


def ready(engine: Engine | None) -> Engine:
    if engine is None:
        raise ComponentError("call load() first")
    return engine


def shown_at(done: float, steps: int) -> bool:
    """Whether a preview is due at the end of a step of so many, ``done`` (0 to 1) being what is done by then."""
    return any(part <= done < part + 1.0 / steps for part in PREVIEWS)
