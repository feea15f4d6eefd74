# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""How a server is set up, and what it refuses to be set up as."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import platformdirs

from backend.audio_files import LONGEST
from backend.device import Device
from plugins.api import ComponentError

PORT: Final = 8765
SHORTEST_TOKEN: Final = 16
"""Characters: 16 random letters and digits hold about 80 bits."""


def default_cache() -> Path:
    """Where the system wants what can be made again."""
    return Path(platformdirs.user_cache_dir("cadenza", appauthor=False))


def default_workers() -> int:
    """Half of the cores: the libraries below use several threads each."""
    return max(1, min(4, (os.cpu_count() or 2) // 2))


@dataclass(frozen=True)
class Settings:
    """One server.

    Attributes:
        token: what clients must show; empty for none (on a loopback address only).
        workers: jobs at once, each in a process of its own.
        share_device: whether one process runs the networks of all workers' jobs, windows of several in
            one batch; None to do so where there are several workers and a GPU.
        max_upload: bytes of one sound.
        max_seconds: seconds of music of one job.
        cache: folder of sounds and results.
        cache_size: bytes that sounds, and results, may take there (each).
        patience: seconds without a sign of life after which a job has failed.
        time_limit: seconds after which a job has failed, whatever it says.
        farewell: seconds that running jobs may go on when the server is asked to stop.
        max_waiting: jobs that may wait.
        max_remembered: ended jobs that are remembered.
        until_input_ends: whether the server stops when standard input ends, with the program that started it.
    """

    host: str = "127.0.0.1"
    port: int = PORT
    token: str = field(default="", repr=False)
    device: Device = "auto"
    workers: int = field(default_factory=default_workers)
    share_device: bool | None = None
    max_upload: int = 500_000_000
    max_seconds: float = LONGEST
    cache: Path = field(default_factory=default_cache)
    cache_size: int = 4_000_000_000
    patience: float = 300.0
    time_limit: float = 3600.0
    farewell: float = 10.0
    max_waiting: int = 100
    max_remembered: int = 1000
    until_input_ends: bool = False

    @property
    def shares_device(self) -> bool:
        """Whether a device process is started; it ends by itself where there is no GPU and nobody insists."""
        return (self.workers > 1 and self.device != "cpu") if self.share_device is None else self.share_device

    def __post_init__(self) -> None:
        if not self.token and not is_loopback(self.host):
            raise ComponentError(
                f"{self.host} can be reached by others, and there is no token; give --token-file FILE "
                "(make one with: openssl rand -hex 32 > FILE), or keep --host 127.0.0.1"
            )
        if self.device not in ("auto", "cpu", "cuda"):
            raise ComponentError(f"--device is auto, cpu or cuda, not {self.device!r}")
        for name in ("workers", "max_upload", "max_seconds", "cache_size", "patience", "time_limit"):
            if not getattr(self, name) > 0:
                raise ComponentError(f"--{name.replace('_', '-')} must be more than 0, not {getattr(self, name):g}")
        if not 0 <= self.port < 2**16:
            raise ComponentError(f"--port must be 0 to 65535, not {self.port}")


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this very machine only."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def read_token(path: Path) -> str:
    """The token in a file; ComponentError when it is none that can be sent or is easily guessed."""
    token = path.read_text(encoding="utf-8", errors="replace").strip()
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise ComponentError(f"{path} must hold one word of ASCII characters; make one with: openssl rand -hex 32")
    if len(token) < SHORTEST_TOKEN:
        raise ComponentError(
            f"the token in {path} is too short; give at least {SHORTEST_TOKEN} characters (openssl rand -hex 32)"
        )
    return token
