# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What options of the command line can be chosen from; typer shows the values of such an Enum."""

from __future__ import annotations

from enum import Enum


class Instrument(str, Enum):  # noqa: UP042
    """Who plays."""

    violin = "violin"
    piano = "piano"


class OnProblem(str, Enum):  # noqa: UP042
    """What happens with a recording that cannot be used."""

    skip = "skip"
    fail = "fail"
