# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What a corpus says of itself, for the card of whatever is cut from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from training.whole_files import read_json


def corpus_card(corpus: Path) -> dict[str, Any]:
    """``card.json``; of a simulation that was not finished its settings and that; nothing where nothing is said.

    Raises FileError: it is there and cannot be read.
    """
    card, simulation = corpus / "card.json", corpus / "simulation.json"
    if card.is_file():
        return read_json(card, "make the card again, or take that file away")
    if simulation.is_file():
        settings = read_json(simulation, "simulate the corpus again")
        return {"unfinished": "this simulation was stopped before its card was written", "made_by": settings}
    return {}


def warning_of(corpus: Path, card: dict[str, Any]) -> str:
    """What to tell whoever cut this corpus; "" when all is well."""
    if "unfinished" not in card["corpus"]:
        return ""
    return f"{corpus} is a simulation that was stopped: licence and sources are not told; run its command to the end"
