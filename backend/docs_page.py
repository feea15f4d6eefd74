# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""``/docs``: the OpenAPI description as one page of plain HTML. FastAPI's own page loads scripts
from the internet; a backend often has none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

_STYLE: Final = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; border-top: 1px solid #ccc; padding-top: 1rem; }
code { background: #f2f2f2; padding: 0.1em 0.3em; border-radius: 3px; }
table { border-collapse: collapse; } td, th { text-align: left; padding: 0.2rem 1rem 0.2rem 0; vertical-align: top; }
"""


def docs_page(schema: Mapping[str, Any]) -> str:
    """A page that lists every route, its parameters, what it takes and what it answers."""
    info = schema["info"]
    parts = [f"<h1>{escape(info['title'])} {escape(info['version'])}</h1>", f"<p>{escape(info['description'])}</p>"]
    parts.append('<p>For programs: <a href="openapi.json">openapi.json</a></p>')
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            parts += _operation(path, method, operation)
    for name, model in schema.get("components", {}).get("schemas", {}).items():
        parts += [f'<h2 id="{escape(name)}">{escape(name)}</h2>', f"<p>{escape(model.get('description', ''))}</p>"]
        parts += _table(("field", "type", "what"), _fields(model))
    body = "\n".join(parts)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(info["title"])}</title>'
        f"<style>{_STYLE}</style>{body}</html>"
    )


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> list[str]:
    parts = [
        f"<h2><code>{method.upper()} {escape(path)}</code></h2>",
        f"<p>{escape(operation.get('description', ''))}</p>",
    ]
    given = [(p["name"], _type(p["schema"]), p.get("description", "")) for p in operation.get("parameters", ())]
    taken = operation.get("requestBody", {}).get("content", {})
    given += [("body", _content(content, kind), "") for kind, content in taken.items()]
    if given:
        parts += _table(("takes", "type", "what"), given)
    answers = [
        (status, ", ".join(_content(c, kind) for kind, c in answer.get("content", {}).items()), answer["description"])
        for status, answer in operation["responses"].items()
    ]
    return [*parts, *_table(("answers", "type", "what"), answers)]


def _fields(model: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    required = model.get("required", ())
    for name, field in model.get("properties", {}).items():
        needed = " (needed)" if name in required else ""
        yield name + needed, _type(field), field.get("description", "")


def _content(content: Mapping[str, Any], kind: str) -> str:
    named = _type(content.get("schema", {}))
    return f"{kind}: {named}" if "$ref" in content.get("schema", {}) else kind


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_type(s) for s in schema["anyOf"])
    if "items" in schema:
        return f"list of {_type(schema['items'])}"
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    return str(schema.get("type", schema.get("const", "any")))


def _table(head: tuple[str, ...], rows: Any) -> list[str]:
    lines = ["<table>", "<tr>" + "".join(f"<th>{h}</th>" for h in head) + "</tr>"]
    lines += ["<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows]
    return [*lines, "</table>"]
