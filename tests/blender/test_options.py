# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Options from JSON Schema: what Blender can hold, reads back, saves, and never drops."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import options  # noqa: E402
from blender_addon.core.protocol import ComponentInfo  # noqa: E402
from blender_addon.option_schema import LARGEST_INT, OptionError, options_of  # noqa: E402

PROPERTIES: dict[str, Any] = {
    "sway": {
        "type": "number",
        "default": 0.1,
        "minimum": 0,
        "maximum": 0.1,
        "title": "Sway",
        "description": "How much",
    },
    "tempo": {"type": "number", "default": 100.0, "exclusiveMinimum": 0, "title": "Tempo", "unit": "BPM"},
    "fade": {"type": "number", "default": 0.5, "unit": "s"},
    "seed": {"type": "integer", "default": 0, "minimum": 0, "maximum": 2**40},
    "steps": {"type": "integer", "default": 50, "exclusiveMinimum": 0, "maximum": 1000, "multipleOf": 10},
    "metre": {"enum": ["auto", "2", "3"], "default": "auto", "type": "string"},
    "voices": {"enum": [1, 2, None], "default": 2},
    "loud": {"type": "boolean", "default": True},
    "prompt": {"type": "string", "default": "calm", "maxLength": 40},
    "limit": {"anyOf": [{"type": "number", "minimum": 0}, {"type": "null"}], "default": None},
    "style": {"allOf": [{"$ref": "#/$defs/Style"}], "default": "baroque"},
    "maybe": {"anyOf": [{"$ref": "#/$defs/Style"}, {"type": "null"}], "default": "romantic"},
    "weights": {"type": "array", "items": {"type": "number"}, "default": [1.0, 2.0]},
    "either": {"anyOf": [{"type": "string"}, {"type": "integer"}], "default": 3},
    "tiny": {"type": "number", "default": 1e-8},
    "huge": {"type": "integer", "default": 2**50},
    "empty": {"type": "integer", "minimum": 5, "maximum": 4, "default": 4},
    "bow-amount": {"type": "number", "default": 1.0, "maximum": 2},
    "name": {"type": "string", "default": "anna"},
    "odd": 7,
}
SCHEMA = {"type": "object", "$defs": {"Style": {"enum": ["baroque", "romantic"]}}, "properties": PROPERTIES}
DEFAULTS = {n: p["default"] for n, p in PROPERTIES.items() if isinstance(p, dict)} | {"odd": None}


class State(bpy.types.PropertyGroup):
    """Stands for the scene's state."""


def info(properties: dict[str, Any] = PROPERTIES) -> ComponentInfo:
    return ComponentInfo("generator", "test-er", options={**SCHEMA, "properties": properties})


@pytest.fixture
def state() -> Iterator[Any]:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.utils.register_class(State)
    bpy.types.Scene.test_state = bpy.props.PointerProperty(type=State)
    options.attach(State)
    options.update([info()])
    yield bpy.context.scene.test_state
    options.detach()
    del bpy.types.Scene.test_state
    bpy.utils.unregister_class(State)


def group(state: Any) -> Any:
    return state.options_test_er


def test_every_option_is_there_and_untouched_ones_are_not_sent(state: Any) -> None:
    assert [o.name for o in options_of(SCHEMA)] == list(PROPERTIES)
    assert options.read(state, "test-er") == {}
    assert options.read(state, "unheard_of") == {}


def test_kinds() -> None:
    kinds = {o.name: o.kind for o in options_of(SCHEMA)}
    assert {n for n, k in kinds.items() if k == "json"} == {"weights", "either", "tiny", "huge", "empty", "odd"}
    assert {n for n, k in kinds.items() if k == "choice"} == {"metre", "voices", "style", "maybe"}
    assert [o.name for o in options_of(SCHEMA) if o.nullable] == ["limit", "maybe"]


CHANGED = {
    "sway": 0.05,
    "tempo": 92.35,
    "fade": 1.25,
    "seed": LARGEST_INT,
    "steps": 60,
    "metre": "3",
    "voices": None,
    "loud": False,
    "prompt": "wild",
    "limit": 2.5,
    "style": "romantic",
    "maybe": None,
    "weights": [0.1, 0.2],
    "either": "two",
    "tiny": 3e-9,
    "huge": 2**51,
    "bow-amount": -0.7,
    "name": "bela",
    "odd": {"a": [True, None]},
}


def test_values_go_in_and_come_back_exactly(state: Any) -> None:
    options.write(state, "test-er", CHANGED)
    assert options.read(state, "test-er") == CHANGED
    options.reset(state, "test-er")
    assert options.read(state, "test-er") == {}


def test_limits_and_labels_reach_blender(state: Any) -> None:
    shown = group(state).bl_rna.properties
    assert (shown["value_sway"].hard_min, shown["value_sway"].hard_max) == (0, pytest.approx(0.1))
    assert shown["value_sway"].description == "How much; 0 to 0.1"
    assert shown["value_tempo"].name == "Tempo (BPM)"
    assert shown["value_fade"].unit == "TIME_ABSOLUTE"
    assert (shown["value_steps"].hard_min, shown["value_steps"].hard_max) == (1, 1000)
    assert shown["value_seed"].hard_max == LARGEST_INT
    group(state).value_sway = 7.0
    assert options.read(state, "test-er") == {}  # exactly the limit, not 0.10000000149


def test_values_out_of_reach_are_brought_in(state: Any) -> None:
    options.write(state, "test-er", {"sway": 5, "seed": 2**40, "metre": "9", "tempo": "fast", "limit": []})
    assert options.read(state, "test-er") == {"seed": LARGEST_INT, "limit": 0.0}


def test_bad_json_is_named(state: Any) -> None:
    group(state).value_weights = "[1, 2"
    with pytest.raises(OptionError, match="Weights"):
        options.read(state, "test-er")


def test_values_survive_a_changed_schema(state: Any) -> None:
    options.write(state, "test-er", CHANGED)
    metres = {"enum": ["5", "3", "auto"], "default": "5"}
    options.update([info({"metre": metres, "new": {"type": "boolean"}, "sway": PROPERTIES["sway"]})])
    assert options.read(state, "test-er") == {"metre": "3", "sway": 0.05, "new": False}
    options.update([info({"metre": {"enum": ["5", "auto"], "default": "auto"}})])
    assert options.read(state, "test-er") == {}  # the chosen one is gone: the default
    options.update([info()])
    assert options.read(state, "test-er") == CHANGED


def test_values_survive_saving_without_the_groups(state: Any, tmp_path: Path) -> None:
    options.write(state, "test-er", CHANGED)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"))
    options.detach()
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "a.blend"))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "b.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "b.blend"))
    options.attach(State)
    assert not options.known("test-er")
    options.update([info()])
    assert options.read(bpy.context.scene.test_state, "test-er") == CHANGED


def test_broken_components_have_no_options(state: Any) -> None:
    options.update([ComponentInfo("plug-in", "bad", options={"properties": {"a": {}}}, error="it raised")])
    assert not options.known("bad")


@pytest.mark.parametrize("schema", [{}, {"properties": {}}, {"properties": {"a": {"$ref": "#/nowhere"}}}])
def test_odd_schemas(state: Any, schema: dict[str, Any]) -> None:
    options.update([ComponentInfo("generator", "odd one", options=json.loads(json.dumps(schema)))])
    assert options.known("odd one")
    assert options.read(state, "odd one") == {}
