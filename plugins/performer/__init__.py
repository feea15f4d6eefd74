# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Note-exact musicians: notes become bow strokes and fingers on strings, or fingers on keys, and a body."""

from collections.abc import Callable

from plugins.api import Generator, Skeleton, hookimpl, pianist, violinist


@hookimpl
def register_skeletons(register: Callable[[Skeleton], None]) -> None:
    register(violinist.violinist_skeleton())
    register(pianist.pianist_skeleton())


@hookimpl
def register_generators(register: Callable[[Generator], None]) -> None:
    from plugins.performer.generator import Performer
    from plugins.performer.piano_generator import Pianist

    register(Performer())
    register(Pianist())
