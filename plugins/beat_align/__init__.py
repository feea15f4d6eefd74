# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Puts a dance onto the beats of its music."""

from collections.abc import Callable

from plugins.api import Corrector, hookimpl
from plugins.beat_align.corrector import BeatAlign


@hookimpl
def register_correctors(register: Callable[[Corrector], None]) -> None:
    register(BeatAlign())
