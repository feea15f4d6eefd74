# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What our panels share: where they are."""

from __future__ import annotations

from typing import Any, Final

CATEGORY: Final = "Cadenza"
CLOSED: Final = {"DEFAULT_CLOSED"}
"""``bl_options`` of a panel that is closed at first."""


class InSidebar:
    """A panel in the sidebar of the 3D view."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = CATEGORY


def fields(layout: Any) -> Any:
    """A column for properties with their names on the left."""
    column = layout.column()
    column.use_property_split = True
    column.use_property_decorate = False
    return column
