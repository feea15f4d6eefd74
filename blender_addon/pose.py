# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pose to return to: what is animated keeps its last animated value when the animation goes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import bpy

if TYPE_CHECKING:
    from .rig.channels import Channel

CUSTOM: Final = re.compile(r'(.*)\["([^"\\]|\\.)*"\]$')
"""Path of a custom property: its owner, and its name."""


@dataclass(frozen=True)
class Pose:
    """Values of properties before they are animated: object name -> path -> value."""

    values: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, channels: Mapping[str, Sequence[Channel]]) -> Pose:
        """The values now of what the channels will move."""
        return cls.at({name: [channel.path for channel in moved] for name, moved in channels.items()})

    @classmethod
    def at(cls, paths: Mapping[str, Iterable[str]]) -> Pose:
        """The values now of properties, by the name of their object; what there is no more is passed over."""
        found: dict[str, dict[str, Any]] = {}
        for name, wanted in paths.items():
            item, values = bpy.data.objects.get(name), found.setdefault(name, {})
            for path in wanted if item is not None else ():
                with suppress(ValueError):
                    values[path] = _plain(item.path_resolve(path))
        return cls(found)

    def restore(self) -> None:
        """Set them again; what is gone meanwhile is passed over."""
        for name, values in self.values.items():
            item = bpy.data.objects.get(name)
            for path, value in values.items() if item is not None else ():
                with suppress(ValueError, AttributeError, KeyError):
                    _set(item, path, value)


def _plain(value: Any) -> Any:
    return tuple(value) if hasattr(value, "__len__") else value


def _set(item: Any, path: str, value: Any) -> None:
    custom = CUSTOM.match(path)
    if custom is not None:
        owner = item.path_resolve(custom.group(1)) if custom.group(1) else item
        key = path[len(custom.group(1)) + 2 : -2]
        owner[bpy.utils.unescape_identifier(key)] = value
        return
    owner_path, _, name = path.rpartition(".")
    setattr(item.path_resolve(owner_path) if owner_path else item, name, value)
