# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the preferences say, for those who only read them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import bpy

LOCAL: Final = "LOCAL"
REMOTE: Final = "REMOTE"


@dataclass(frozen=True)
class Settings:
    """The preferences' values.

    Attributes:
        kind: LOCAL (Blender starts the backend) or REMOTE.
        address, token: of a remote backend.
        command: of a local one, empty to look for it.
    """

    kind: str = LOCAL
    address: str = "http://127.0.0.1:8765"
    token: str = field(default="", repr=False)
    command: str = ""


DEFAULTS: Final = Settings()


def settings() -> Settings:
    """What is set; the defaults where the add-on runs without being enabled in the preferences."""
    addon = bpy.context.preferences.addons.get(__package__)
    if addon is None or addon.preferences is None:
        return DEFAULTS
    chosen = addon.preferences
    return Settings(chosen.kind, chosen.address, chosen.token, bpy.path.abspath(chosen.command))
