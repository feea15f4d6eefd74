# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The bounded folder: what was used longest ago goes first, nothing is half there, no name leads out of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from backend.file_store import FileStore


def put(store: FileStore, digit: str, size: int, used: float) -> str:
    name = digit * 64
    with store.draft() as draft:
        draft.file.write(b"x" * size)
        path = draft.keep(name)
    os.utime(path, (used, used))
    return name


def test_the_longest_unused_makes_room(tmp_path: Path) -> None:
    store = FileStore(tmp_path, 100)
    names = [put(store, digit, 40, float(age)) for age, digit in enumerate("ab")]
    assert store.use(names[0]) is not None  # it is younger than the other now
    put(store, "c", 40, 1e10)
    assert [store.use(name) is not None for name in names] == [True, False]
    assert sum(p.stat().st_size for p in tmp_path.iterdir()) <= 100


def test_what_is_larger_than_the_store_is_kept_alone(tmp_path: Path) -> None:
    store = FileStore(tmp_path, 100)
    put(store, "a", 40, 0.0)
    large = put(store, "b", 400, 1.0)
    assert [p.name for p in tmp_path.iterdir()] == [large]


def test_a_draft_that_is_not_kept_is_gone(tmp_path: Path) -> None:
    store = FileStore(tmp_path, 100)
    with store.draft() as draft:
        draft.file.write(b"half")
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []


def test_drafts_of_a_crashed_server_are_cleared_away(tmp_path: Path) -> None:
    old, new = tmp_path / ".draft-old", tmp_path / ".draft-new"
    old.write_bytes(b"x")
    new.write_bytes(b"x")
    os.utime(old, (0, 0))
    FileStore(tmp_path, 100)
    assert list(tmp_path.iterdir()) == [new]


@pytest.mark.parametrize("name", ["", "..", "../" + "a" * 64, "a" * 63, "A" * 64, "a" * 64 + "/b", "a" * 64 + "\n"])
def test_names_that_lead_elsewhere(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="no name in a store"):
        FileStore(tmp_path, 100).use(name)
