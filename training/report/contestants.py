# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The weights that are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from plugins.a2m.checkpoint import COMPONENT, VERSION, load_weights
from plugins.a2m.predictor import Predictor
from plugins.a2m.targets import PAPER_TARGETS, PIANO_TARGETS, PLAYING_TARGETS
from plugins.api.checkpoint import load_checkpoint


class EvaluateError(ValueError):
    """Something that cannot be evaluated: the message says what to do."""


@dataclass(frozen=True, eq=False)
class Contestant:
    """One checkpoint of A2M, ready to be asked.

    Attributes:
        trained: the config of its training; data_card: SHA-256 of the card of the clips of its training.
        filmed: whether it is in the film.
    """

    name: str
    predictor: Predictor = field(repr=False)
    trained: Mapping[str, Any] = field(repr=False)
    data_card: str = ""
    filmed: bool = True

    def still(self) -> Contestant:
        """The same without its sway: chance makes a crowd of poses look real, however little they fit the music."""
        weights = replace(self.predictor.weights, sway=None)
        name = f"{self.name} without sway"
        return replace(self, name=name, predictor=Predictor(weights, weights.window), filmed=False)

    @property
    def joints(self) -> tuple[str, ...]:
        return self.predictor.weights.joints

    @property
    def fold(self) -> int | None:
        """The fold of the paper's random five-fold that it has not seen; None when it kept to the honest split."""
        fold = self.trained.get("fold")
        return None if fold is None else int(fold)

    @property
    def variant(self) -> str:
        """SNSL, SNCL, CNSL or Full; empty for a network that is none of the paper's."""
        weights = self.predictor.weights
        papers = not weights.strokes and weights.model.positions == "learned"
        return str(self.trained.get("variant", "")) if papers else ""

    @property
    def plays(self) -> bool:
        """Whether it says enough for a bow on the strings: both ends of bow and violin, and the grip."""
        needed = {joint for part in PLAYING_TARGETS.values() for joint in part}
        return self.predictor.weights.grip is not None and needed <= set(self.joints)

    @property
    def parameters(self) -> int:
        return sum(value.size for value in self.predictor.weights.tensors.values())


def open_contestants(given: Sequence[str], instrument: str) -> list[Contestant]:
    """From ``NAME=FILE``, or FILE alone, which is then called after its folder; who sways, without sway too.

    Raises:
        EvaluateError: a name comes twice. CheckpointError: a file is no A2M of this instrument.
    """
    found: list[Contestant] = []
    for text in given:
        name, equals, file = text.partition("=")
        path = Path(file if equals else text)
        name = name if equals else _called(path)
        if name in [c.name for c in found] or name == "real":
            raise EvaluateError(f"{name} is a name already; give another as NAME={path}")
        weights = load_weights(path, instrument)
        whole = load_checkpoint(path, component=COMPONENT, version=VERSION)
        predictor = Predictor(weights, weights.window)
        found.append(Contestant(name, predictor, whole.config.get("training", {}), whole.data_card))
        if weights.sway is not None:
            found.append(found[-1].still())
    return found


def common_joints(contestants: Sequence[Contestant], instrument: str) -> dict[str, tuple[str, ...]]:
    """Part of the body -> those of the paper's joints that all of them answer with."""
    targets = PAPER_TARGETS if instrument == "violin" else PIANO_TARGETS
    common = set.intersection(*(set(c.joints) for c in contestants))
    found = {part: tuple(joint for joint in joints if joint in common) for part, joints in targets.items()}
    found = {part: joints for part, joints in found.items() if joints}
    if not found:
        raise EvaluateError("the weights have no joints in common; evaluate them one by one")
    return found


def _called(path: Path) -> str:
    return path.parent.name if path.stem == "a2m" and path.parent.name else path.stem
