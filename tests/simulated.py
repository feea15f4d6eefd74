# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A small simulated corpus for tests: real files, made once a session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from training.simulate import corpus

SEED = 5
HOURS = 0.012


@pytest.fixture(scope="session")
def short_studies() -> Iterator[None]:
    """Studies of eight bars."""
    patch = pytest.MonkeyPatch()
    patch.setattr(corpus, "LENGTHS", (4.0, 8.0))
    corpus.study_of.cache_clear()
    yield
    patch.undo()
    corpus.study_of.cache_clear()


@pytest.fixture(scope="session")
def small_corpus(short_studies: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two or three recordings of some seconds; tests copy it before they damage it."""
    folder = tmp_path_factory.mktemp("simulated") / "corpus"
    corpus.simulate(folder, HOURS, SEED)
    return folder


@pytest.fixture(scope="session")
def small_piano_corpus(short_studies: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same of pianists."""
    folder = tmp_path_factory.mktemp("simulated") / "piano"
    corpus.simulate(folder, HOURS, SEED, instrument="piano")
    return folder
