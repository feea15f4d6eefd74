# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Training configs: YAML files, ``--override key=value``, and errors that name the key."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

Config = TypeVar("Config", bound=BaseModel)


class ConfigError(ValueError):
    """A config that cannot be used: the message names the file, the key, and what is wrong."""


def read_config(kind: type[Config], path: Path | str, overrides: Sequence[str] = ()) -> Config:
    """The config in a YAML file, with ``a.b=value`` put over it (values are YAML too).

    Raises:
        ConfigError: the file cannot be read, a key is unknown, a value is of the wrong type.
    """
    import yaml

    try:
        raw = _plain(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"the config {path} cannot be read: {error.strerror or error}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"the config {path} is not YAML: {error}") from error
    if not isinstance(raw, dict):
        raise ConfigError(f"the config {path} holds no keys and values")
    for override in overrides:
        _put(raw, override)
    return checked(kind, raw, str(path))


def read_arguments(kind: type[Config], arguments: Sequence[str]) -> Config:
    """Of ``python -m module CONFIG [key=value ...]``; what is wrong ends the program with its message."""
    if not arguments:
        raise SystemExit("give a config (.yaml), and what to change in it as key=value")
    try:
        return read_config(kind, arguments[0], arguments[1:])
    except ConfigError as error:
        raise SystemExit(str(error)) from error


def checked(kind: type[Config], raw: dict[str, Any], source: str) -> Config:
    """Plain data as a config; ConfigError names the keys that are wrong."""
    try:
        # As JSON a list may be a tuple, but a text is no number.
        return kind.model_validate_json(json.dumps(raw), strict=True)
    except TypeError as error:
        raise ConfigError(
            f"the config {source} holds something that is no number, text, list or key: {error}"
        ) from error
    except ValidationError as error:
        problems = [problem(e["loc"], e["type"], e["msg"]) for e in error.errors()]
        raise ConfigError(f"the config {source}: " + "; ".join(problems)) from error


@cache
def _loader() -> Any:
    """YAML's safe loader, to which 1e-3 is a number; to YAML 1.1 it is a text."""
    import yaml

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_implicit_resolver(
        "tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
    )
    return Loader


def _plain(text: str) -> Any:
    loader = _loader()(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def _put(raw: dict[str, Any], override: str) -> None:
    import yaml

    key, equals, text = override.partition("=")
    if not equals or not key:
        raise ConfigError(f"an override is key=value, not {override!r}")
    at = raw
    *path, last = key.split(".")
    for name in path:
        at = at.setdefault(name, {})
        if not isinstance(at, dict):
            raise ConfigError(f"the override {override!r}: {name} holds a value, not keys")
    try:
        at[last] = _plain(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"the override {override!r}: the value is not YAML") from error


def of_model(error: ValidationError) -> str:
    """What is wrong below a config's key ``model``, from which a network could not be made."""
    return "; ".join(problem(("model", *e["loc"]), e["type"], e["msg"]) for e in error.errors())


def problem(location: Sequence[int | str], kind: str, message: str) -> str:
    """One error of pydantic's in words that name the key."""
    key = ".".join(map(str, location))
    if kind == "extra_forbidden":
        return f"{key} is no known key"
    return f"{key}: {message}" if key else message
