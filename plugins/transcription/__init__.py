# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Notes: transcribed from the sound, or taken from a score that is aligned with it."""

from collections.abc import Callable

from plugins.api import Recognizer, hookimpl


@hookimpl
def register_recognizers(register: Callable[[Recognizer], None]) -> None:
    from plugins.transcription.align import ScoreAligner
    from plugins.transcription.posteriors import PitchNetwork
    from plugins.transcription.transcribe import Transcriber

    network = PitchNetwork()
    register(ScoreAligner(network))
    register(Transcriber(network))
