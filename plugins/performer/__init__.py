# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The note-exact violinist: notes become bow strokes, fingers on strings, and a body."""

from collections.abc import Callable

from plugins.api import Generator, Skeleton, hookimpl, violinist


@hookimpl
def register_skeletons(register: Callable[[Skeleton], None]) -> None:
    register(violinist.violinist_skeleton())


@hookimpl
def register_generators(register: Callable[[Generator], None]) -> None:
    from plugins.performer.generator import Performer

    register(Performer())
