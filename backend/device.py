# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Where a component runs. torch is imported only when a component could use a GPU."""

from __future__ import annotations

from typing import Literal

from plugins.api import Component, ComponentError

Device = Literal["auto", "cpu", "cuda"]


def device_for(component: Component, wanted: Device) -> str:
    """ "cpu" or "cuda" for this component; ComponentError when a GPU is asked for and there is none."""
    if wanted == "cpu" or ("cuda" not in component.devices and wanted == "auto"):
        return "cpu"
    if cuda_is_available():
        return "cuda" if "cuda" in component.devices else "cpu"
    if wanted == "cuda":
        raise ComponentError("no CUDA device was found; use --device cpu, or install torch with CUDA and a driver")
    return "cpu"


def cuda_is_available() -> bool:
    try:
        import torch
    except ModuleNotFoundError:
        return False
    return bool(torch.cuda.is_available())
