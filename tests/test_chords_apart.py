# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Notes of a chord begin by themselves."""

from __future__ import annotations

import numpy as np
import pytest

from plugins.api.pitch_network import Posteriors
from plugins.transcription.align import _each, _notes
from plugins.transcription.performed import Performed
from plugins.transcription.score import Reading, ScoreNote


def test_each_note_of_a_chord_begins_when_it_is_heard_to() -> None:
    onset = np.zeros((200, 88))
    onset[102, 20], onset[106, 24], onset[109, 27], onset[101, 30] = 0.9, 0.6, 0.8, 0.1
    starts = np.array([100.0, 100.0, 100.0, 100.0, np.nan])
    begun = _each(Posteriors(onset, onset, 0.0), starts, np.array([20, 24, 27, 30, 20]))
    np.testing.assert_array_equal(begun, [102, 106, 100, 100, np.nan])  # too late is another note; 0.1 is none


def test_a_place_of_the_score_is_at_the_mean_of_its_notes() -> None:
    notes = tuple(ScoreNote(onset, 1.0, pitch) for onset, pitch in ((0.0, 60), (0.0, 64), (1.0, 67), (1.0, 72)))
    performed = Performed(Reading(notes, ((0.0, 1), (1.0, 2))), np.array([0.9, 1.1, 2.0, np.nan]), np.ones(4))
    np.testing.assert_allclose(performed.score, [0.0, 1.0])
    np.testing.assert_allclose(performed.seconds, [1.0, 2.0])


def test_a_note_ends_before_its_key_is_struck_again() -> None:
    notes = tuple(ScoreNote(onset, 1.0, pitch) for onset, pitch in ((0.0, 60), (1.0, 60), (1.0, 64), (2.0, 60)))
    performed = Performed(Reading(notes, ((0.0, 1),)), np.array([1.0, 1.9, 2.1, 3.0]), np.ones(4))
    found = _notes(performed, Posteriors(np.zeros((400, 88)), np.zeros((400, 88)), 0.0), bowed=False)
    assert [n.time for n in found] == [1.0, 1.9, 2.1, 3.0]
    assert found[0].end == pytest.approx(1.9)  # the chord after it is at 2.0
    assert found[1].end == found[2].end == pytest.approx(3.0)
