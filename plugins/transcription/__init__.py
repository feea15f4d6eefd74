# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Notes: transcribed from the sound, or taken from a score that is aligned with it."""

from collections.abc import Callable

from plugins.api import Recognizer, hookimpl


@hookimpl
def register_recognizers(register: Callable[[Recognizer], None]) -> None:
    from plugins.api.pitch_network import pitch_network
    from plugins.transcription.align import ScoreAligner
    from plugins.transcription.transcribe import Transcriber

    register(ScoreAligner(pitch_network()))
    register(Transcriber(pitch_network()))
