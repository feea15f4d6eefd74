# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the backend does, in a few rows: the same in the preferences and in the sidebar."""

from __future__ import annotations

from typing import Any

from .. import connection, local_backend
from ..settings import LOCAL, settings
from .text import show_error


def draw(layout: Any) -> None:
    known, chosen, child = connection.known(), settings(), local_backend.CHILD
    row, local = layout.row(align=True), chosen.kind == LOCAL
    if local:
        if child.state in ("starting", "running"):
            row.operator("cadenza.backend_stop", icon="PAUSE")
        else:
            row.operator("cadenza.backend_start", icon="PLAY")
    row.operator("cadenza.backend_check", text="" if local else "Connect", icon="FILE_REFRESH")
    if local and child.last_line:
        row.operator("cadenza.backend_copy_log", text="", icon="COPYDOWN")
    if child.state == "starting":
        layout.label(text="Starting ...", icon="SORTTIME")
    elif known.state == "asking":
        layout.label(text="Asking the backend ...", icon="SORTTIME")
    elif known.state == "ready":
        count = len(known.generators())
        layout.label(text=f"Ready: version {known.version}, {count} generator{'s' * (count != 1)}", icon="CHECKMARK")
    elif known.state == "failed":
        show_error(layout, known.error, known.hint)
    for broken in (c for c in known.components if c.error):
        show_error(layout, f"{broken.kind} {broken.name}: {broken.error}", "")
