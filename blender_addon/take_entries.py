# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a take moves: objects of its own character.

When a character is duplicated without what hangs on it, the duplicate's takes still point at the original's violin;
that is not theirs to stop, to show or to delete.
"""

from __future__ import annotations

from typing import Any


def entries_of(take: Any) -> list[Any]:
    """The take's objects and their actions, without those of another character that has the same take."""
    return [entry for entry in take.actions if not _of_another(entry.object, take)]


def _of_another(item: Any, take: Any) -> bool:
    if item is None or item == take.id_data:
        return False
    home = item if len(item.cadenza_takes) else item.parent
    return home is not None and home != take.id_data and any(t.uid == take.uid for t in home.cadenza_takes)
