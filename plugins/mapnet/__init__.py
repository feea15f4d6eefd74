# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Repairs a musician's motion from the sound that it makes: after MAPNet (S. Shrestha et al., *AIMusicGuru*, 2022)."""

from collections.abc import Callable

from plugins.api import Corrector, hookimpl
from plugins.mapnet.corrector import MapNet


@hookimpl
def register_correctors(register: Callable[[Corrector], None]) -> None:
    register(MapNet())
