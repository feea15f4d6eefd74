# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Data-blocks that are found again after undo and renaming: Python's own references survive neither."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import bpy

KINDS: Final = {"objects": "Object", "scenes": "Scene", "actions": "Action"}
"""Collections of ``bpy.data`` and the types in them."""


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
        kind = next(kind for kind, owner in KINDS.items() if isinstance(block, getattr(bpy.types, owner)))
        return cls(kind, block.name, block.session_uid)

    def find(self) -> Any:
        """The data-block; None when it was deleted or undone, or another file was opened."""
        blocks = getattr(bpy.data, self.kind)
        named = blocks.get(self.name)
        if named is not None and named.session_uid == self.uid:
            return named
        return next((b for b in blocks if b.session_uid == self.uid), None)
