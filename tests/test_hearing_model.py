# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The networks that hear: the paper's parameter counts, any mix of modalities, any length."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from pydantic import ValidationError

from plugins.api.transformer import parameter_count
from plugins.hearing.config import (
    INPUTS,
    HearingConfig,
    Modality,
    paper_convolution,
    paper_expression,
    paper_time,
)
from plugins.hearing.features import KEYS
from plugins.hearing.model import Network, network_of

TABLE_VI: list[tuple[tuple[Modality, ...], int]] = [
    (("audio",), 296_936),
    (("motion",), 255_272),
    (("hands",), 25_084),
    (("audio", "motion"), 599_656),
    (("audio", "hands"), 326_460),
    (("motion", "hands"), 284_796),
    (("audio", "motion", "hands"), 635_324),
]


@pytest.mark.parametrize(("modalities", "count"), TABLE_VI)
def test_models_of_expression_have_the_published_parameters(modalities: tuple[Modality, ...], count: int) -> None:
    assert parameter_count(Network(paper_expression(modalities))) == count


def test_the_model_of_time_has_the_released_parameters() -> None:
    assert parameter_count(Network(paper_time(("audio", "motion")))) == 771_395


@pytest.mark.parametrize(
    "config",
    [
        paper_time(("audio",)),
        paper_expression(("audio", "hands")),
        paper_convolution(("audio", "motion", "hands")),
        HearingConfig(),
        HearingConfig(joined=4),
    ],
)
def test_every_frame_gets_every_answer(config: HearingConfig) -> None:
    torch.manual_seed(0)
    network = network_of(config).eval()
    heard = {name: torch.rand(2, 90, INPUTS[name]) for name in config.widths}
    with torch.inference_mode():
        answers = network(heard)
        again = network({name: x[1:] for name, x in heard.items()})
    assert {name: tuple(a.shape) for name, a in answers.items()} == {n: (2, 90, k) for n, k in config.heads.items()}
    for name in answers:
        torch.testing.assert_close(answers[name][1:], again[name], atol=1e-5, rtol=1e-4)


def test_a_figure_is_the_same_figure_in_another_key() -> None:
    """The front convolves over the keys: what it makes of a figure moves with it."""
    torch.manual_seed(0)
    front = Network(HearingConfig()).embeddings["notes"].layers[0]
    image = torch.zeros(1, 2, 20, KEYS)
    image[0, :, 5:9, 30:36] = torch.rand(2, 4, 6)
    moved = torch.roll(image, 3, dims=3)  # one step of the convolution
    with torch.inference_mode():
        torch.testing.assert_close(front(image)[..., 2:20], front(moved)[..., 3:21])


@pytest.mark.parametrize("kind", [paper_time, paper_convolution])
def test_a_model_says_what_it_misses(kind: Any) -> None:
    network = network_of(kind(("audio", "motion")))
    with pytest.raises(ValueError, match="needs motion too"):
        network({"audio": torch.rand(1, 40, 128)})


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"widths": {}}, "widths needs some of audio"),
        ({"widths": {"smell": 32}}, "not smell"),
        ({"widths": {"audio": 30}}, "a width of 30"),
        ({"kernel": 20}, "odd"),
        ({"heads": {}}, "at least one answer"),
        ({"colour": 3}, "colour"),
    ],
)
def test_what_cannot_be_built_is_named(wrong: dict[str, object], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        HearingConfig(**wrong)  # type: ignore[arg-type]
