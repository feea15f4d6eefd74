# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Arrays as a library keeps them: npy without pickles."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from plugins.api import ComponentError


def to_npy(array: npt.NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def from_npy(data: bytes) -> npt.NDArray[Any]:
    """ComponentError when the bytes are damaged."""
    try:
        found: npt.NDArray[Any] = np.load(io.BytesIO(data), allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise ComponentError(f"the library is damaged ({error}); delete it and add the folders again") from error
    return found


def stacked(blobs: Sequence[bytes]) -> npt.NDArray[Any]:
    """(N, ...) of N arrays as npy; of arrays alike, as they are, without looking at each header.

    Raises:
        ComponentError: they differ in shape.
    """
    if not blobs:
        return np.zeros((0, 1))
    first = from_npy(blobs[0])
    head = len(blobs[0]) - first.nbytes
    if first.flags.c_contiguous and all(len(b) == len(blobs[0]) and b[:head] == blobs[0][:head] for b in blobs):
        rows = np.frombuffer(b"".join(blobs), dtype=np.uint8).reshape(len(blobs), -1)[:, head:]
        return np.ascontiguousarray(rows).view(first.dtype).reshape(len(blobs), *first.shape)
    arrays = [from_npy(blob) for blob in blobs]
    if len({array.shape for array in arrays}) > 1:
        raise ComponentError("the arrays of the tracks differ in shape; ask for them one by one")
    return np.stack(arrays)
