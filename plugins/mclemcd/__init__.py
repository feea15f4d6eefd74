# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Finds music for a dance, and says which dance it is (docs/recommend.md)."""

from __future__ import annotations

from collections.abc import Callable

from plugins.api import Recognizer, Recommender, hookimpl


@hookimpl
def register_recommenders(register: Callable[[Recommender], None]) -> None:
    from plugins.mclemcd.recommender import MusicForDance

    register(MusicForDance())


@hookimpl
def register_recognizers(register: Callable[[Recognizer], None]) -> None:
    from plugins.mclemcd.style import installed

    for recognizer in installed():
        register(recognizer)
