# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentences in a narrow panel: Blender's labels do not break lines."""

from __future__ import annotations

import textwrap
from typing import Any, Final

import bpy

NARROW: Final = 38
"""Characters, where the width is not known."""
LETTER: Final = 6.6
"""Pixels that a letter of the panel's font takes on average, at a scale of 1."""
MOST_LINES: Final = 8


def show(layout: Any, text: str, icon: str = "NONE") -> None:
    """A text over as many lines as it needs, the icon before the first."""
    lines = textwrap.wrap(text, _width(), max_lines=MOST_LINES, placeholder=" ...") or [""]
    column = layout.column(align=True)
    column.scale_y = 0.8
    for i, line in enumerate(lines):
        column.label(text=line, icon=icon if i == 0 else "BLANK1" if icon != "NONE" else "NONE", translate=False)


def show_error(layout: Any, message: str, hint: str) -> None:
    """What went wrong, and below it what to do."""
    box = layout.box()
    show(box, sentence(message), "ERROR")
    if hint:
        show(box, sentence(hint), "INFO")


def sentence(text: str) -> str:
    """With a capital at its beginning."""
    return text[:1].upper() + text[1:]


def _width() -> int:
    """Characters that fit in a line of the region that is drawn."""
    region = bpy.context.region
    if region is None:
        return NARROW
    scale = bpy.context.preferences.system.ui_scale
    return max(20, int((region.width / scale - 60) / LETTER))
