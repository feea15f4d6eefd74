# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What pydantic found wrong, in words for those who never heard of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any


def said(error: Mapping[str, Any], known: Iterable[str] = ()) -> str:
    """One of pydantic's errors; of a name that there is not, which of the known ones may be meant."""
    if error["type"] == "extra_forbidden":
        near = get_close_matches(str(error["loc"][-1]), list(known), n=1)
        return "there is none of that name" + (f"; did you mean {near[0]!r}?" if near else "")
    if error["type"] == "json_invalid":
        return f"no JSON ({error.get('ctx', {}).get('error', error['msg'])}, at character {error['loc'][-1]})"
    return str(error["msg"])
