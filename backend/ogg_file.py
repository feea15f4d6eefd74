# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Ogg files that hold more than sound, as music with a cover picture may: libsndfile opens those of sound alone.

An Ogg file is a row of pages, each of one stream (RFC 3533, section 6): with the pages of the other streams left out
it is the same sound by itself.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

CAPTURE: Final = b"OggS"
HEAD: Final = struct.Struct("<4sBBqIIIB")
"""Pattern, version, flags, granule position, serial number, sequence number, checksum, count of segments."""
FIRST_OF_STREAM: Final = 0x02
SOUNDS: Final = (b"\x01vorbis", b"OpusHead", b"\x7fFLAC")
"""How the first packet of a stream of sound begins."""


def sound_alone(path: Path) -> io.BytesIO | None:
    """The file with its first stream of sound only; None when it is no Ogg file, or holds nothing besides one sound."""
    with path.open("rb") as file:
        if file.read(len(CAPTURE)) != CAPTURE:
            return None
    data = path.read_bytes()
    pages = list(_pages(data))
    firsts = [(serial, data[body : body + 8]) for _, _, body, serial, flags in pages if flags & FIRST_OF_STREAM]
    chosen = next((serial for serial, head in firsts if head.startswith(SOUNDS)), None)
    if chosen is None or len({serial for serial, _ in firsts}) < 2:
        return None
    return io.BytesIO(b"".join(data[start:end] for start, end, _, serial, _ in pages if serial == chosen))


def _pages(data: bytes) -> Iterator[tuple[int, int, int, int, int]]:
    """Of each page: where it begins, ends, and its body begins, its serial number, its flags; what is damaged between
    them is skipped."""
    at = data.find(CAPTURE)
    while 0 <= at <= len(data) - HEAD.size:
        _, _, flags, _, serial, _, _, count = HEAD.unpack_from(data, at)
        body = at + HEAD.size + count
        end = body + sum(data[at + HEAD.size : body])
        if end > len(data):
            return
        yield at, end, body, serial, flags
        at = data.find(CAPTURE, end)
