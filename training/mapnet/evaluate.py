# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""How far repaired motion lies from the truth, for every contestant on the same looks.

MPJPE is the mean distance of the thirteen joints, millimetres (on a body of the size of our musician); MPJAE that of
their accelerations, millimetres a frame squared at 50 frames a second (times 2.5: metres a second squared), as second
differences.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch

from plugins.api.batching import Windows
from plugins.api.retimed import at_times
from plugins.mapnet.checkpoint import Weights, load_weights
from plugins.mapnet.config import FPS, HEARD, OUR_POSE, PAPER_FPS, PAPER_SECONDS
from plugins.mapnet.model import network_of
from plugins.mapnet.repair import Looks as Looked
from plugins.mapnet.repair import Repaired, repair
from training.mapnet.batches import LEFT_TOE, SCALE, frames_of
from training.mapnet.filters import MOVING_AVERAGE, at_frames, families, moving_average
from training.mapnet.noise import PAPER_RATES, Looks, paper_noise
from training.mapnet.takes import Takes

Floats = npt.NDArray[Any]

SECONDS: Final = 60.0
"""Of a take that are measured."""
WRIST: Final = 5
MILLIMETRES: Final = 1000.0


@dataclass(frozen=True, eq=False)
class Seen:
    """One take as it is to be repaired, and as it was."""

    truth: Floats
    looks: Looks
    rate: float
    heard: Floats
    paper: Floats | None

    @property
    def times(self) -> Floats:
        return np.arange(len(self.truth)) / PAPER_FPS


Contestant = Callable[[Seen], Floats]
"""(T, 13, 3) at 50 frames a second."""


@dataclass
class Row:
    """Errors of one contestant at one rate: a figure for each take, and for each window of three seconds."""

    contestant: str
    tau: float
    places: list[float] = field(default_factory=list)
    accelerations: list[float] = field(default_factory=list)
    groups: dict[str, list[float]] = field(default_factory=lambda: {"fine": [], "gross": [], "inversions": []})


class Ours:
    """Our network; ``silent`` feeds it no sound."""

    def __init__(self, weights: Weights, *, silent: bool = False) -> None:
        self._weights, self._silent = weights, silent
        self._last: tuple[Seen, Repaired] | None = None
        self._network = network_of(weights.model)
        self._network.load_state_dict({n: torch.from_numpy(v) for n, v in weights.tensors.items()})
        self._network.eval()

    def __call__(self, seen: Seen) -> Floats:
        found = self.repaired(seen)
        return at_times(found.places, found.times, seen.times)

    def smoothed(self, seen: Seen) -> Floats:
        """What the smoother below says by itself."""
        found = self.repaired(seen)
        return at_times(found.smoothed, found.times, seen.times)

    def repaired(self, seen: Seen) -> Repaired:
        if self._last is None or self._last[0] is not seen:
            self._last = (seen, self._repaired(seen))
        return self._last[1]

    def _repaired(self, seen: Seen) -> Repaired:
        heard = 0.0 * seen.heard if self._silent else seen.heard
        looks = Looked(seen.looks.places, seen.looks.times, np.zeros(len(seen.looks.times), dtype=bool))
        return repair(looks, heard, np.ones(len(heard)), self._weights, self._ask)

    def _ask(self, windows: Windows) -> Windows:
        looks, heard = torch.from_numpy(windows).split([OUR_POSE, HEARD], dim=-1)
        with torch.inference_mode():
            places, errors = self._network(looks, heard)
        return torch.cat([places.flatten(-2), errors], dim=-1).numpy()


class Published:
    """One of the published networks, window by window."""

    def __init__(self, weights: Weights) -> None:
        self.frames_in = weights.model.frames_in
        self._network = network_of(weights.model)
        self._network.load_state_dict({n: torch.from_numpy(v) for n, v in weights.tensors.items()})
        self._network.eval()

    def __call__(self, seen: Seen) -> Floats:
        assert seen.paper is not None
        toe = np.median(seen.truth[:, LEFT_TOE], axis=0)
        out = np.full(seen.truth.shape, np.nan)
        length = PAPER_SECONDS * PAPER_FPS
        for first in range(0, len(out) - length + 1, length):
            rows = (seen.looks.times >= first / PAPER_FPS - 1e-9) & (
                seen.looks.times < (first + length) / PAPER_FPS - 1e-9
            )
            cut = Looks(seen.looks.times[rows], seen.looks.places[rows] - toe, seen.looks.sigma, seen.looks.swapped)
            pose = frames_of(cut, self.frames_in)[None] / SCALE
            with torch.inference_mode():
                said = self._network(_tensor(pose), _tensor(seen.paper[None, first : first + length]))
            out[first : first + length] = said[0].numpy() * SCALE + toe
        return out


def _tensor(values: Floats) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))


def contestants(checkpoints: Mapping[str, Path]) -> dict[str, Contestant]:
    """Filters, and whoever's checkpoint is given (of ours also without sound, and the smoother below it)."""
    found: dict[str, Contestant] = {"moving average (3)": _filter(moving_average(MOVING_AVERAGE))}
    for name, path in checkpoints.items():
        weights = load_weights(path)
        if weights.model.kind != "ours":
            found[name] = Published(weights)
            continue
        found[name] = ours = Ours(weights)
        if weights.model.sound:
            found[f"{name}, given no sound"] = Ours(weights, silent=True)
            found["its smoother alone"] = ours.smoothed
    return found


def _filter(run: Any) -> Contestant:
    return lambda seen: at_frames(run(seen.looks.places, seen.rate), seen.looks.times, seen.times)


def best_filters(takes: Takes, rows: Sequence[dict[str, Any]], tau: float) -> dict[str, Contestant]:
    """Of each family the filter that does best on these takes (validation), named with its setting."""
    found = {}
    examples = [seen_of(takes, row, tau, i) for i, row in enumerate(rows)]
    for family, members in families():
        errors = [np.mean([place_error(_filter(run)(s), s.truth) for s in examples]) for _, run in members]
        setting, run = members[int(np.argmin(errors))]
        found[f"{family}, {setting}" if setting else family] = _filter(run)
    return found


def seen_of(takes: Takes, row: dict[str, Any], tau: float, seed: int) -> Seen:
    """The beginning of a take with the paper's noise."""
    truth = takes.of(row, "joints")[: round(SECONDS * PAPER_FPS)]
    truth = truth[: len(truth) // (PAPER_SECONDS * PAPER_FPS) * PAPER_SECONDS * PAPER_FPS]
    frames = int(len(truth) / PAPER_FPS * FPS) + 1
    heard = takes.of(row, "heard")[:frames]
    heard = np.pad(heard, ((0, frames - len(heard)), (0, 0)))
    looks = paper_noise(truth, PAPER_RATES[tau], np.random.default_rng([seed, round(100 * tau)]))
    paper = takes.of(row, "paper")[: len(truth)] if "paper" in takes.arrays else None
    return Seen(truth, looks, PAPER_RATES[tau], heard, paper)


def measure(
    takes: Takes,
    rows: Sequence[dict[str, Any]],
    tau: float,
    judged: Mapping[str, Contestant],
    tell: Callable[[int, int], None] = lambda done, of: None,
) -> list[Row]:
    """Every contestant on every take at one rate."""
    found = {name: Row(name, tau) for name in judged}
    for done, row in enumerate(rows):
        tell(done, len(rows))
        seen = seen_of(takes, row, tau, 1000 + done)
        groups = groups_of(seen)
        for name, contestant in judged.items():
            answer = contestant(seen)
            found[name].places.append(place_error(answer, seen.truth))
            found[name].accelerations.append(acceleration_error(answer, seen.truth))
            windows = MILLIMETRES * np.linalg.norm(answer - seen.truth, axis=-1).mean(axis=1)
            each = windows.reshape(-1, PAPER_SECONDS * PAPER_FPS).mean(axis=1)
            for group, members in groups.items():
                found[name].groups[group] += each[members].tolist()
    return list(found.values())


def place_error(answer: Floats, truth: Floats) -> float:
    """MPJPE, millimetres."""
    return MILLIMETRES * float(np.nanmean(np.linalg.norm(answer - truth, axis=-1)))


def acceleration_error(answer: Floats, truth: Floats) -> float:
    """MPJAE, millimetres a frame squared."""
    return MILLIMETRES * float(np.nanmean(np.linalg.norm(np.diff(answer - truth, n=2, axis=0), axis=-1)))


def groups_of(seen: Seen) -> dict[str, npt.NDArray[np.bool_]]:
    """Windows of three seconds by what is hard in them: *inversions* with exchanged joints; of the others *fine*, where
    the right wrist leaves the straight line between frames half a second apart by more than the median window does, and
    *gross*. (The paper groups by hand, and by linearity.)"""
    length = PAPER_SECONDS * PAPER_FPS
    count = len(seen.truth) // length
    swapped = np.interp(seen.times, seen.looks.times, seen.looks.swapped.astype(float)) > 0
    inversions = swapped[: count * length].reshape(count, length).any(axis=1)
    wrist, step = seen.truth[:, WRIST], PAPER_FPS // 4
    bent = np.linalg.norm(wrist[step:-step] - (wrist[2 * step :] + wrist[: -2 * step]) / 2, axis=1)
    bend = np.array([bent[i * length : (i + 1) * length].mean() for i in range(count)])
    fine = bend > np.median(bend)
    return {"fine": fine & ~inversions, "gross": ~fine & ~inversions, "inversions": inversions}
