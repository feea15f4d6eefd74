# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Beats, downbeats, phrases, dynamics and articulation, from sound, motion or both, by a network that has learned them.

Registered only where PyTorch is installed: these recognisers are chosen by themselves, before the tracker of ``beats``.
"""

from collections.abc import Callable
from importlib.util import find_spec

from plugins.api import Recognizer, hookimpl


@hookimpl
def register_recognizers(register: Callable[[Recognizer], None]) -> None:
    if find_spec("torch") is None:
        return
    from plugins.hearing.ears import Ears
    from plugins.hearing.recognizers import LearnedArticulation, LearnedBeats, LearnedDynamics, LearnedPhrases

    ears = Ears()
    for kind in (LearnedBeats, LearnedPhrases, LearnedDynamics, LearnedArticulation):
        register(kind(ears))
