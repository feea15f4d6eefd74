# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Progress in the terminal; a look at whether the user wants to stop comes with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from backend.signals import check_stopped


def shown_in(
    bars: Progress, description: str, check: Callable[[], None] = lambda: None
) -> Callable[[float, str], None]:
    """A new bar, as the function that moves it; ``check`` is called each time."""
    task = bars.add_task(description, total=1.0)

    def show(fraction: float, message: str) -> None:
        check_stopped()
        check()
        bars.update(task, completed=fraction, description=message)

    return show


@contextmanager
def bars_on(console: Console | None) -> Iterator[Progress]:
    """Bars that stay when all went well, and are gone otherwise."""
    columns = (
        TextColumn("{task.description:<26}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bars:
        try:
            yield bars
        except BaseException:
            bars.live.transient = True  # a bar that stands still would only hide what went wrong
            raise
