# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The hooks. Each one only registers components; the work is in their methods."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from plugins.api import Skeleton
    from plugins.api.components import Composer, Corrector, Generator, PostStep, Recognizer, Recommender

PROJECT = "cadenza"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_skeletons(register: Callable[[Skeleton], None]) -> None:
    """Register skeletons that motion can be made for."""


@hookspec
def register_generators(register: Callable[[Generator], None]) -> None:
    """Register generators: audio to motion."""


@hookspec
def register_post_steps(register: Callable[[PostStep], None]) -> None:
    """Register post-steps: motion to motion, after a generator."""


@hookspec
def register_correctors(register: Callable[[Corrector], None]) -> None:
    """Register correctors: sparse or noisy motion, with its audio, to motion."""


@hookspec
def register_recognizers(register: Callable[[Recognizer], None]) -> None:
    """Register recognisers: audio and/or motion to annotations."""


@hookspec
def register_recommenders(register: Callable[[Recommender], None]) -> None:
    """Register recommenders: motion to music."""


@hookspec
def register_composers(register: Callable[[Composer], None]) -> None:
    """Register composers: motion to music, and both from nothing."""
