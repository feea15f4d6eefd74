# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Finds the plug-ins and what they register. One that is broken stops nothing.

The loop over entry points is our own (pluggy's would stop at the first failure):
a plug-in that cannot be imported, that misspells a hook, that registers something
unusable or a name that is taken is reported in ``problems`` and left out.
"""

from __future__ import annotations

import importlib.metadata
import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

import pluggy

from plugins.api import (
    PROJECT,
    Component,
    ComponentError,
    ComponentInfo,
    Composer,
    Corrector,
    Generator,
    PostStep,
    Recognizer,
    Recommender,
    Skeleton,
    hookspecs,
)
from plugins.api.testing import declaration_problems

ENTRY_POINTS: Final = "cadenza.plugins"

_HOOKS: Final[Mapping[str, tuple[str, type[Component]]]] = {
    "register_generators": ("generator", Generator),
    "register_post_steps": ("post_step", PostStep),
    "register_correctors": ("corrector", Corrector),
    "register_recognizers": ("recognizer", Recognizer),
    "register_recommenders": ("recommender", Recommender),
    "register_composers": ("composer", Composer),
}


PREFERRED: Final = ("performer", "pianist")
"""Play what is written; a generator that only hears must be asked for."""


@dataclass
class Registry:
    """What the plug-ins registered, by kind and name, and what went wrong."""

    components: dict[str, dict[str, Component]] = field(default_factory=dict)
    skeletons: dict[str, Skeleton] = field(default_factory=dict)
    packages: dict[int, str] = field(default_factory=dict)
    """By id of the component or skeleton."""
    problems: list[ComponentInfo] = field(default_factory=list)
    _loaded: dict[int, str] = field(default_factory=dict)

    def generator(self, name: str) -> Generator:
        return cast(Generator, self.get("generator", name))

    def player_of(self, instrument: str) -> str:
        """Name of the generator that plays an instrument when none is named: of PREFERRED where one can, else the
        first; ComponentError that lists what can be played."""
        generators = cast(dict[str, Generator], self.components.get("generator", {}))
        able = [name for name, generator in generators.items() if instrument in generator.instruments]
        if not able:
            played = sorted({i for generator in generators.values() for i in generator.instruments})
            raise ComponentError(f"nothing installed plays {instrument!r}; installed: {', '.join(played) or 'none'}")
        return next((name for name in PREFERRED if name in able), able[0])

    def post_step(self, name: str) -> PostStep:
        return cast(PostStep, self.get("post_step", name))

    @property
    def recognizers(self) -> list[Recognizer]:
        return cast(list[Recognizer], list(self.components.get("recognizer", {}).values()))

    def get(self, kind: str, name: str) -> Component:
        """A component by name; ComponentError that lists what there is."""
        known = self.components.get(kind, {})
        if name not in known:
            raise ComponentError(
                f"there is no {kind.replace('_', '-')} named {name!r}; installed: {', '.join(sorted(known)) or 'none'}"
            )
        return known[name]

    def kind_of(self, component: Component) -> str:
        """The kind under which a component is registered."""
        return next(kind for kind, base in _HOOKS.values() if isinstance(component, base))

    def ready(self, component: Component, device: str) -> Component:
        """The component, loaded once on its device."""
        if self._loaded.get(id(component)) != device:
            component.load(device)
            self._loaded[id(component)] = device
        return component

    def describe(self) -> list[ComponentInfo]:
        """Everything installed, then everything broken."""
        infos = [
            ComponentInfo(
                kind=kind,
                name=component.name,
                label=component.label,
                description=inspect.getdoc(type(component)) or "",
                licence=component.licence,
                devices=component.devices,
                options=component.Options.model_json_schema(),
                package=self.packages.get(id(component), ""),
                writes=component.writes if isinstance(component, Recognizer) else (),
                inputs=_inputs(component) if isinstance(component, Recognizer) else (),
                fills=isinstance(component, Corrector) and component.fills,
                retimes=isinstance(component, Corrector) and component.retimes,
                follows=isinstance(component, Generator) and component.follows,
                instruments=component.instruments if isinstance(component, Generator) else (),
            )
            for kind, by_name in self.components.items()
            for component in by_name.values()
        ]
        return infos + self.problems


def _inputs(recognizer: Recognizer) -> tuple[str, ...]:
    return ("score",) if recognizer.needs_score else recognizer.inputs


def load_plugins(entry_points: Iterable[importlib.metadata.EntryPoint] | None = None) -> Registry:
    """Import every installed plug-in and let it register."""
    registry = Registry()
    if entry_points is None:
        entry_points = importlib.metadata.entry_points(group=ENTRY_POINTS)
    for entry in sorted(entry_points, key=lambda e: (not e.value.startswith("plugins."), e.name)):
        package = f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value
        try:
            _register(registry, entry.name, entry.load(), package)
        except (Exception, SystemExit) as error:  # a stranger's code may raise anything at all
            message = f"{type(error).__name__}: {error}"
            registry.problems.append(ComponentInfo("plug-in", entry.name, package=package, error=message))
    return registry


def _register(registry: Registry, plugin_name: str, plugin: object, package: str) -> None:
    """Call the hooks of one plug-in. Each has a manager of its own, so that one misspelled
    hook is blamed on the plug-in that has it."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin, plugin_name)
    manager.check_pending()
    if not manager.get_hookcallers(plugin):
        raise ComponentError("it has no hooks; put @hookimpl on its register_... functions")
    manager.hook.register_skeletons(register=lambda s: _add_skeleton(registry, s, plugin_name, package))
    for hook, (kind, base) in _HOOKS.items():

        def register(component: Component, kind: str = kind, base: type[Component] = base) -> None:
            problem = _problem(registry, kind, base, component, package)
            if problem:
                name = str(getattr(component, "name", plugin_name))
                registry.problems.append(ComponentInfo(kind, name, package=package, error=problem))
                return
            registry.components.setdefault(kind, {})[component.name] = component
            registry.packages[id(component)] = package

        getattr(manager.hook, hook)(register=register)


def _problem(registry: Registry, kind: str, base: type[Component], component: Any, package: str) -> str:
    """Why a component cannot be registered; empty when it can."""
    if not isinstance(component, base):
        return f"{component!r} is not a {base.__name__}; register an instance of a subclass"
    wrong = declaration_problems(component)
    if wrong:
        return "; ".join(wrong)
    taken = registry.components.get(kind, {}).get(component.name)
    if taken is not None:
        return (
            f"the name {component.name!r} of {package} is already taken by "
            f"{registry.packages[id(taken)]}; rename one of them"
        )
    return ""


def _add_skeleton(registry: Registry, skeleton: Any, plugin_name: str, package: str) -> None:
    """Several plug-ins may register the same skeleton, but not two by one name."""
    problem, name = "", plugin_name
    if not isinstance(skeleton, Skeleton):
        problem = f"{skeleton!r} is not a Skeleton; register what Skeleton.build(...) answers"
    else:
        name = skeleton.name
        known = registry.skeletons.get(name)
        if known is not None and known != skeleton:
            owner = registry.packages[id(known)]
            problem = f"the skeleton {name!r} of {package} differs from that of {owner}; rename one of them"
        elif known is None:
            registry.skeletons[name] = skeleton
            registry.packages[id(skeleton)] = package
    if problem:
        registry.problems.append(ComponentInfo("skeleton", name, package=package, error=problem))
