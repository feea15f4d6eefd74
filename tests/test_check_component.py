# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The contract test that authors run: what keeps the contract passes, each breach is named."""

from __future__ import annotations

from typing import Any

import pytest

from backend.plugin_manager import load_plugins
from plugins.api import Audio, Component, JobContext, Motion
from plugins.api.testing import check_component, declaration_problems
from plugins.api.testing import test_audio as sample_audio
from tests.broken_components import BREACHES
from tests.good_components import (
    Good,
    GoodComposer,
    GoodCorrector,
    GoodFiller,
    GoodFollower,
    GoodRecognizer,
    GoodRecommender,
    GoodStep,
)

GOOD = [Good, GoodFollower, GoodStep, GoodCorrector, GoodFiller, GoodRecognizer, GoodRecommender, GoodComposer]


@pytest.mark.parametrize("kind", GOOD)
def test_a_good_component_passes(kind: type[Component]) -> None:
    check_component(kind())


BUILT_IN = ("performer", "pianist", "ik", "beats", "transcribe", "align", "hear-beats", "hear-phrases", "mclemcd")


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_built_in_components_pass(name: str) -> None:
    found = [c for by_name in load_plugins().components.values() for c in by_name.values() if c.name == name]
    assert found
    for component in found:
        check_component(component)


@pytest.mark.parametrize("kind", BREACHES, ids=lambda kind: kind.__name__)
def test_a_breach_is_named(kind: type[Component]) -> None:
    with pytest.raises(AssertionError, match=BREACHES[kind]):
        check_component(kind())


def test_what_is_no_component_is_told() -> None:
    with pytest.raises(AssertionError, match="not an instance of Generator, PostStep"):
        check_component(Good)  # type: ignore[arg-type]
    assert "not an instance" in declaration_problems("good")[0]


def test_the_component_is_loaded_and_hears_the_given_sound() -> None:
    seen: list[object] = []

    class Nosy(Good):
        """Looks at what it gets."""

        def load(self, device: str) -> None:
            seen.append(device)

        def generate(self, audio: Audio, options: Any, context: JobContext) -> Motion:
            seen.append(audio.duration)
            return super().generate(audio, options, context)

    check_component(Nosy(), audio=sample_audio(3.0))
    assert seen[0] == "cpu"
    assert set(seen[1:]) == {3.0}
