# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A2M: a transformer that learned to play. Sound in, a musician's hands, instrument and head out."""

from collections.abc import Callable

from plugins.api import Generator, Skeleton, hookimpl, violinist


@hookimpl
def register_skeletons(register: Callable[[Skeleton], None]) -> None:
    register(violinist.violinist_skeleton())


@hookimpl
def register_generators(register: Callable[[Generator], None]) -> None:
    from plugins.a2m.generator import A2M

    register(A2M())
