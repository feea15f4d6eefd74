# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""How loud the sound is, as a curve."""

from collections.abc import Callable

from plugins.api import Recognizer, hookimpl


@hookimpl
def register_recognizers(register: Callable[[Recognizer], None]) -> None:
    from plugins.loudness.meter import LoudnessMeter

    register(LoudnessMeter())
