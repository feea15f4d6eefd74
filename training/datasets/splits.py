# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Who trains and who is tested: pieces nobody trained on, and players nobody saw.

Which they are follows from their names alone, so that more of a corpus moves none of them from one
side to the other.
"""

from __future__ import annotations

import hashlib
from typing import Final, Literal

Split = Literal["train", "valid", "test_piece", "test_performer"]
TEST_PIECES: Final = 0.12
TEST_PERFORMERS: Final = 0.17
VALID: Final = 0.07
"""Parts of the pieces, of the performers, and of the pieces that are left."""


def split_of(piece: str, performer: str) -> Split:
    """An unheard piece is ``test_piece`` whoever plays it; an unseen performer with a piece that
    others train on is ``test_performer``. ``valid`` shares no piece with ``train``."""
    if _chance("unheard piece", piece) < TEST_PIECES:
        return "test_piece"
    if _chance("unseen performer", performer) < TEST_PERFORMERS:
        return "test_performer"
    return "valid" if _chance("validation piece", piece) < VALID else "train"


def _chance(what: str, name: str) -> float:
    """A number in 0..1 that a name always has."""
    digest = hashlib.sha256(f"{what}: {name}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
