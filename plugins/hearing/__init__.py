# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Networks that hear beats, downbeats, phrases, dynamics and articulation, in sound, motion or both.

They are there where torch is (``pip install 'cadenza[learned]'``), and are then preferred to what needs no network.
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
    for recognizer in (LearnedBeats(ears), LearnedPhrases(ears), LearnedDynamics(ears), LearnedArticulation(ears)):
        register(recognizer)
