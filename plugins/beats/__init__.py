# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Beats and downbeats from the sound, by librosa's tracker."""

from collections.abc import Callable

from plugins.api import Recognizer, hookimpl


@hookimpl
def register_recognizers(register: Callable[[Recognizer], None]) -> None:
    from plugins.beats.tracker import BeatTracker

    register(BeatTracker())
