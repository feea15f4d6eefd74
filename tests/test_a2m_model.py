# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The networks of A2M and the compound loss."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
from pydantic import ValidationError

from plugins.a2m.config import ModelConfig, Variant, paper_config
from plugins.a2m.model import Network
from plugins.api.transformer import parameter_count
from training import losses

TINY = ModelConfig(audio_width=8, score_width=8, heads=2, feed_forward=16, main_blocks=1, branch_blocks=1, dropout=0.0)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


@pytest.mark.parametrize(
    ("variant", "count"), [("SNSL", 612_865), ("SNCL", 612_865), ("CNSL", 1_079_905), ("Full", 1_079_905)]
)
def test_as_many_parameters_as_published(variant: Variant, count: int) -> None:
    assert parameter_count(Network(paper_config(variant))) == count


@pytest.mark.parametrize("variant", get_args(Variant))
@pytest.mark.parametrize("score", [True, False])
def test_all_four_answer_with_and_without_a_score(variant: Variant, score: bool) -> None:
    network = Network(paper_config(variant, score=score)).eval()
    audio, notes = torch.randn(2, 50, 128), torch.randn(2, 50, 10) if score else None
    with torch.no_grad():
        assert network(audio, notes).shape == (2, 50, 33)


def test_a_model_that_reads_a_score_asks_for_it() -> None:
    with pytest.raises(ValueError, match="score features"):
        Network(TINY)(torch.randn(1, 10, 128))


def test_blocks_are_those_of_torchs_encoder_layer() -> None:
    network = Network(paper_config("SNSL")).eval()
    block = network.main[0]
    peer = torch.nn.TransformerEncoderLayer(80, 4, 320, dropout=0.1, batch_first=True, norm_first=False).eval()
    peer.load_state_dict(
        {
            "self_attn.in_proj_weight": block.attention_in.weight,
            "self_attn.in_proj_bias": block.attention_in.bias,
            "self_attn.out_proj.weight": block.attention_out.weight,
            "self_attn.out_proj.bias": block.attention_out.bias,
            "linear1.weight": block.dense_in.weight,
            "linear1.bias": block.dense_in.bias,
            "linear2.weight": block.dense_out.weight,
            "linear2.bias": block.dense_out.bias,
            "norm1.weight": block.norm_attention.weight,
            "norm1.bias": block.norm_attention.bias,
            "norm2.weight": block.norm_dense.weight,
            "norm2.bias": block.norm_dense.bias,
        }
    )
    x = torch.randn(2, 30, 80)
    with torch.no_grad():
        torch.testing.assert_close(block(x), peer(x), atol=1e-5, rtol=1e-4)


def test_rotary_positions_know_distances_only() -> None:
    config = TINY.model_copy(update={"positions": "rotary", "kernel": 1})
    network = Network(config).eval()
    query, key = torch.randn(2, 1, 8)
    from plugins.api.transformer import rotated

    turned_q, turned_k = rotated(query.expand(40, 8)), rotated(key.expand(40, 8))
    products = turned_q @ turned_k.T
    torch.testing.assert_close(products[3, 10], products[20, 27], atol=1e-4, rtol=1e-4)
    assert not torch.allclose(products[3, 10], products[3, 15], atol=1e-3)
    with torch.no_grad():
        assert network(torch.randn(1, 900, 128), torch.randn(1, 900, 10)).shape == (1, 900, 33)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"head": 4}, "head"),
        ({"heads": "four"}, "heads"),
        ({"heads": 3}, "multiple"),
        ({"kernel": 4}, "odd"),
        ({"branches": ()}, "branches"),
        ({"score_features": 0}, "score_width"),
        ({"positions": "absolute"}, "positions"),
    ],
)
def test_a_wrong_architecture_is_named(wrong: dict[str, object], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        ModelConfig(**wrong)  # type: ignore[arg-type]


def naive(predicted: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    """Equations 6 to 10 by their pairs, for one clip (T, S)."""
    total = torch.zeros((), dtype=predicted.dtype)
    for p, t, d in zip(predicted.split((12, 12, 9), 1), true.split((12, 12, 9), 1), (3, 3, 1), strict=True):
        frames, coordinates = p.shape
        time = (((p[:, None] - p[None]) - (t[:, None] - t[None])) ** 2).sum() / frames**2
        space = (((p[:, :, None] - p[:, None]) - (t[:, :, None] - t[:, None])) ** 2).sum() / coordinates**2
        total = total + (2 * time + 2 * space + ((p - t) ** 2).mean()) / d
    return total


def test_the_loss_is_the_double_sum() -> None:
    predicted, true = torch.randn(2, 3, 40, 33, dtype=torch.float64)
    expected = torch.stack([naive(p, t) for p, t in zip(predicted, true, strict=True)]).mean()
    torch.testing.assert_close(losses.printed_compound_loss(predicted, true), expected)


def test_the_loss_of_one_size_does_not_grow_with_the_clip() -> None:
    predicted, true = torch.randn(2, 1, 400, 33)
    short = losses.compound_loss(predicted[:, :200], true[:, :200])
    torch.testing.assert_close(losses.compound_loss(predicted, true), short, rtol=0.1, atol=0.0)


def test_a_constant_shift_costs_the_point_term_only() -> None:
    true = torch.randn(1, 20, 33)
    # In each part every coordinate is off by 1: 1/3 + 1/3 + 1.
    torch.testing.assert_close(losses.compound_loss(true + 1.0, true), torch.tensor(5 / 3))


def test_everything_gets_a_gradient() -> None:
    network = Network(TINY)
    loss = losses.compound_loss(network(torch.randn(2, 20, 128), torch.randn(2, 20, 10)), torch.randn(2, 20, 33))
    loss.backward()
    idle = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    assert idle == []
