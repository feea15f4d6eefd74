# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a backend is: scheme, host, port and path. No bpy."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Address:
    """An origin and the path below which the backend answers (empty, or "/cadenza" behind a proxy)."""

    secure: bool
    host: str
    port: int
    prefix: str = ""

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read "http://host:port/path"; without a scheme http for this computer, https for any other.

        Raises:
            ValueError: the text is no such address; the message says why.
        """
        text = text.strip()
        if not text:
            raise ValueError("the backend's address is empty")
        try:
            parts = urlsplit(text if "://" in text else f"//{text}")
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise ValueError(f"{text!r} is no address: {error}") from error
        if parts.scheme not in ("", "http", "https") or not host or any(c.isspace() for c in text):
            raise ValueError(f"{text!r} is no address; one looks like https://machine.example:8765")
        if parts.username is not None or parts.query or parts.fragment:
            raise ValueError("the backend's address has no user name, query or fragment; the token has its own field")
        secure = parts.scheme == "https" or (not parts.scheme and not is_loopback(host))
        return cls(secure, host, port or (443 if secure else 80), parts.path.rstrip("/"))

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.secure else 'http'}://{host}:{self.port}{self.prefix}"

    @property
    def local(self) -> bool:
        """Whether it is this very computer: needs no access to a network."""
        return is_loopback(self.host)

    @property
    def readable(self) -> bool:
        """Whether others can read on the way what is sent there: another computer, without https."""
        return not (self.secure or self.local)


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
