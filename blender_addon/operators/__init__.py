# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the buttons do, one module a section of the panel."""

from typing import Final

UNDOABLE: Final = {"REGISTER", "UNDO"}
"""``bl_options`` of an operator that is one step to undo."""
