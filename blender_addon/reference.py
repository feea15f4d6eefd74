# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Data-blocks that are found again after undo and renaming: Python's own references survive neither."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy


@dataclass(frozen=True)
class Reference:
    """A data-block by what Blender keeps of it for as long as the file is open.

    Attributes:
        kind: the collection in ``bpy.data``.
        name: when the reference was made, for messages and for a quick look.
    """

    kind: str
    name: str
    uid: int

    @classmethod
    def to(cls, block: Any) -> Reference:
        return cls("scenes" if isinstance(block, bpy.types.Scene) else "objects", block.name, block.session_uid)

    def find(self) -> Any:
        """The data-block; None when it was deleted or undone, or another file was opened."""
        blocks = getattr(bpy.data, self.kind)
        named = blocks.get(self.name)
        if named is not None and named.session_uid == self.uid:
            return named
        return next((b for b in blocks if b.session_uid == self.uid), None)
