# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A2M: a transformer that learned to play. Sound in, a violinist's hands, instrument and head out, or a pianist's."""

from collections.abc import Callable

from plugins.api import Generator, Skeleton, hookimpl, pianist, violinist


@hookimpl
def register_skeletons(register: Callable[[Skeleton], None]) -> None:
    register(violinist.violinist_skeleton())
    register(pianist.pianist_skeleton())


@hookimpl
def register_generators(register: Callable[[Generator], None]) -> None:
    from plugins.a2m.generator import A2M, A2MPiano

    register(A2M())
    register(A2MPiano())
