# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""MoMu: music and motion in one latent space. Performances that differ by their seed, gaps that are filled, takes that
are varied, music to a motion."""

from collections.abc import Callable

from plugins.api import Composer, Corrector, Generator, PostStep, Skeleton, hookimpl, violinist


@hookimpl
def register_skeletons(register: Callable[[Skeleton], None]) -> None:
    register(violinist.violinist_skeleton())


@hookimpl
def register_generators(register: Callable[[Generator], None]) -> None:
    from plugins.momu.generator import Momu

    register(Momu())


@hookimpl
def register_post_steps(register: Callable[[PostStep], None]) -> None:
    from plugins.momu.constraints import KeepFrames

    register(KeepFrames())


@hookimpl
def register_correctors(register: Callable[[Corrector], None]) -> None:
    from plugins.momu.fill import MomuFill

    register(MomuFill())


@hookimpl
def register_composers(register: Callable[[Composer], None]) -> None:
    from plugins.momu.composer import MomuComposer

    register(MomuComposer())
