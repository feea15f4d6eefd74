# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""``cadenza components`` for people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.markup import escape

from plugins.api import ComponentInfo


def print_components(infos: Iterable[ComponentInfo], console: Console | None = None) -> None:
    """One paragraph for each component, its options below it; broken ones in red at the end."""
    out = console or Console(highlight=False, soft_wrap=True)
    for info in infos:
        if info.error:
            out.print(f"[red]{info.kind} {escape(info.name)}[/] ({escape(info.package)}): {escape(info.error)}\n")
            continue
        kind = info.kind.replace("_", "-")
        out.print(f"[bold]{info.name}[/]  {kind}: {escape(info.label)}  [dim]({escape(info.package)})[/]")
        out.print(f"    {escape(' '.join(info.description.split()))}")
        out.print(f"    devices: {', '.join(info.devices)}; weights: {escape(info.licence)}")
        for name, schema in info.options.get("properties", {}).items():
            out.print(f"    --option {info.name}.{name}={schema.get('default')}  {escape(describe_option(schema))}")
        out.print()


def describe_option(schema: dict[str, Any]) -> str:
    """What an option does and its limits, from its JSON Schema."""
    low, high, choices = schema.get("minimum"), schema.get("maximum"), schema.get("enum")
    limits = f" ({low:g} to {high:g})" if low is not None and high is not None else ""
    limits = f" ({', '.join(map(str, choices))})" if choices else limits
    return f"{schema.get('description', schema.get('title', ''))}{limits}"
