# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""How workers and the device process of one server talk: where they meet, and what a message is."""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from plugins.api.batching import Windows

_ADDRESS: Final = "CADENZA_DEVICE_ADDRESS"
_KEY: Final = "CADENZA_DEVICE_KEY"


def meeting_place(folder: Path) -> dict[str, str]:
    """Environment variables with an address that only this machine reaches, and a key made for this server."""
    where = rf"\\.\pipe\cadenza-{secrets.token_hex(8)}" if sys.platform == "win32" else str(folder / "device")
    return {_ADDRESS: where, _KEY: secrets.token_hex(32)}


def address() -> str:
    """Where the device process of this server listens; "" when there is none."""
    return os.environ.get(_ADDRESS, "")


def key() -> bytes:
    return os.environ[_KEY].encode()


def pack(head: Mapping[str, Any], numbers: Windows | None = None) -> bytes:
    """A line of JSON, then the numbers as they are."""
    if numbers is None:
        return json.dumps(head).encode() + b"\n"
    numbers = np.ascontiguousarray(numbers, dtype="<f4")
    return json.dumps({**head, "shape": numbers.shape}).encode() + b"\n" + numbers.tobytes()


def unpack(message: bytes) -> tuple[dict[str, Any], Windows]:
    """The head, and the numbers ((0,) when there are none)."""
    line, _, rest = message.partition(b"\n")
    head = json.loads(line)
    return head, np.frombuffer(rest, dtype="<f4").reshape(head.get("shape", (0,)))
