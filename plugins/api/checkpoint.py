# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Weights in a file that says what they are: safetensors, nothing that can run code.

The header holds a JSON text (component, version, config, normaliser, skeleton, hash of the data
card, git revision) and a SHA-256 of that text and of every tensor. What does not fit is refused
with the reason; saving is all or nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api import Skeleton, SkeletonError

FORMAT_VERSION: Final = 1
_HEAD: Final = "cadenza"
_DIGEST: Final = "sha256"

Tensors = Mapping[str, npt.NDArray[Any]]


class CheckpointError(ValueError):
    """A checkpoint that cannot be used or saved: the message says which, why, and what to do."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Weights and what they need to be understood.

    Attributes:
        component: name of the component that they are for.
        version: of what the component makes of them; another version is refused.
        config: the architecture (and what else the component saves), plain JSON.
        tensors: name to array.
        normaliser: name to numbers, by which inputs and outputs are scaled.
        skeleton: whose motion it is; None when it is about no body.
        data_card: SHA-256 of the card of the data that it was trained on; "" when on none.
        revision: git revision of the code that made it.
    """

    component: str
    version: int
    config: Mapping[str, Any]
    tensors: Tensors = field(repr=False)
    normaliser: Mapping[str, list[float]] = field(default_factory=dict, repr=False)
    skeleton: Skeleton | None = None
    data_card: str = ""
    revision: str = ""

    def to_bytes(self) -> bytes:
        from safetensors.numpy import save

        head = {
            "format": FORMAT_VERSION,
            "component": self.component,
            "version": self.version,
            "config": dict(self.config),
            "normaliser": dict(self.normaliser),
            "skeleton": None if self.skeleton is None else self.skeleton.to_dict(),
            "data_card": self.data_card,
            "revision": self.revision,
        }
        text = json.dumps(head, allow_nan=False)
        tensors = {name: np.ascontiguousarray(value) for name, value in self.tensors.items()}
        return _ordered(bytes(save(tensors, {_HEAD: text, _DIGEST: _digest(text, tensors)})))

    def save(self, path: Path | str) -> None:
        """Write the file; when that fails (a full disk), what was there before is still there.

        Raises:
            CheckpointError: naming the file and the reason.
        """
        path = Path(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, self.to_bytes())
        except OSError as error:
            raise CheckpointError(
                f"the checkpoint {path} could not be saved ({error.strerror or error}); "
                "the one before is as it was. Free some space, or save elsewhere"
            ) from error


def load_network(network: Any, tensors: Tensors) -> None:
    """Put a checkpoint's tensors into a torch network.

    Raises:
        CheckpointError: they are those of another network.
    """
    import torch

    try:
        network.load_state_dict({name: torch.from_numpy(value) for name, value in tensors.items()})
    except RuntimeError as error:
        first = str(error).splitlines()[1].strip()[:120]
        raise CheckpointError(
            f"the checkpoint holds numbers of another network than it says ({first}); train it again with this Cadenza"
        ) from error


def load_checkpoint(path: Path | str, *, component: str, version: int, skeleton: Skeleton | None = None) -> Checkpoint:
    """Read a checkpoint that is for this component, version and skeleton (None: any).

    Raises:
        CheckpointError: naming the file, the reason, and what to do.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise CheckpointError(f"the checkpoint {path} cannot be read: {error.strerror or error}") from error
    try:
        found = read_checkpoint(data)
        _check_fit(found, component, version, skeleton)
    except CheckpointError as error:
        raise CheckpointError(f"the checkpoint {path} {error}") from error
    return found


def read_checkpoint(data: bytes) -> Checkpoint:
    """Read ``Checkpoint.to_bytes``; CheckpointError when it is something else or was damaged."""
    head_text, digest, tensors = _unpacked(data)
    if _digest(head_text, tensors) != digest:
        raise CheckpointError("is damaged: its content does not match its SHA-256. Copy or make it again")
    head = json.loads(head_text)
    if head.get("format") != FORMAT_VERSION:
        raise CheckpointError(f"has format {head.get('format')}; this Cadenza reads {FORMAT_VERSION}")
    try:
        skeleton = None if head["skeleton"] is None else Skeleton.from_dict(head["skeleton"])
        return Checkpoint(
            component=str(head["component"]),
            version=int(head["version"]),
            config=dict(head["config"]),
            tensors=tensors,
            normaliser=dict(head["normaliser"]),
            skeleton=skeleton,
            data_card=str(head["data_card"]),
            revision=str(head["revision"]),
        )
    except (KeyError, TypeError, ValueError, SkeletonError) as error:
        raise CheckpointError(f"lacks part of its header: {error}") from error


def _unpacked(data: bytes) -> tuple[str, str, Tensors]:
    """The header's text, its digest and the tensors."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        size = int.from_bytes(data[:8], "little")
        metadata = json.loads(data[8 : 8 + size])["__metadata__"]
        return str(metadata[_HEAD]), str(metadata[_DIGEST]), load(data)
    except (SafetensorError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise CheckpointError(
            f"is no checkpoint of Cadenza, or is damaged ({type(error).__name__}: {error}). Copy or make it again"
        ) from error


def _ordered(data: bytes) -> bytes:
    """The same file with its metadata in order: safetensors writes them in another in each process."""
    size = int.from_bytes(data[:8], "little")
    head = json.loads(data[8 : 8 + size])
    metadata = dict(sorted(head.pop("__metadata__").items()))
    text = json.dumps({"__metadata__": metadata, **head}, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # tensors begin where their numbers are aligned
    return len(text).to_bytes(8, "little") + text + data[8 + size :]


def _digest(head: str, tensors: Tensors) -> str:
    digest = hashlib.sha256(head.encode())
    for name in sorted(tensors):
        value = tensors[name]
        digest.update(f"{name} {value.dtype.str} {value.shape}".encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    return digest.hexdigest()


def _check_fit(found: Checkpoint, component: str, version: int, skeleton: Skeleton | None) -> None:
    if found.component != component:
        raise CheckpointError(f"is for the component {found.component!r}, not {component!r}")
    if found.version != version:
        newer = "this Cadenza is too old for it" if found.version > version else "train it again, or get a newer one"
        raise CheckpointError(f"has version {found.version} of {component!r}, this is version {version}: {newer}")
    if skeleton is not None and found.skeleton != skeleton:
        raise CheckpointError(f"{_difference(found.skeleton, skeleton)}; train it again for this skeleton")


def _difference(theirs: Skeleton | None, ours: Skeleton) -> str:
    if theirs is None:
        return f"names no skeleton, {ours.name!r} is asked for"
    if theirs.name != ours.name:
        return f"moves the skeleton {theirs.name!r}, not {ours.name!r}"
    other = sorted(set(theirs.joints) ^ set(ours.joints))
    if other:
        return f"moves another {ours.name!r}: the joints {', '.join(other[:5])} are not in both"
    return f"moves another {ours.name!r}: its joints hang together differently, or its measures differ"


def write_whole(path: Path, data: bytes) -> None:
    """All of the data under this name, or the file as it was."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
