# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What training makes small (W. Gong et al., 2024, equations 1 to 4)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from plugins.mclemcd.model import StyleNetwork


@dataclass(frozen=True, eq=False)
class Batch:
    """Seconds: stream -> (B, C, 25, J), sound (B, 1, 96, 25), classes (B,)."""

    seen: dict[str, Tensor]
    heard: Tensor
    label: Tensor


def terms(network: StyleNetwork, batch: Batch, *, together: bool, keep_music: bool = False) -> dict[str, Tensor]:
    """Loss by name; those of the streams of a late fusion are added, for each is a network of its own.

    ``motion``: cross-entropy of the motion's class. Apart: ``reconstruction`` of the sound from itself. Together:
    ``pair``, the squared distance of motion's and music's embeddings, and ``reconstruction`` of the sound from the
    motion instead, or with ``keep_music`` from both. ``music``: of the layer that reads a class from the music's
    embedding, which teaches the embedding nothing.
    """
    moved = network.move(batch.seen)
    embedding, said = network.hear(batch.heard)
    found = {
        "motion": _sum([functional.cross_entropy(logits, batch.label) for logits in moved.logits.values()]),
        "music": functional.cross_entropy(said, batch.label),
    }
    if not together:
        return {**found, "reconstruction": functional.mse_loss(network.decoder(embedding), batch.heard)}
    itself = [embedding] if keep_music else []
    # The released code compares before its dense layers; the paper maps by them first.
    near = moved.embedding if network.config.parity else moved.bridged
    again = [functional.mse_loss(network.decoder(z), batch.heard) for z in (*itself, *moved.bridged.values())]
    pairs = [functional.mse_loss(z, embedding) for z in near.values()]
    return {**found, "pair": _sum(pairs), "reconstruction": _sum(again)}


def _sum(values: list[Tensor]) -> Tensor:
    return torch.stack(values).sum()
