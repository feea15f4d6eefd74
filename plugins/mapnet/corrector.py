# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The ``mapnet`` corrector."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from pydantic import Field

from plugins.api import Audio, ComponentError, Corrector, JobContext, Motion
from plugins.api.batching import Windows
from plugins.api.checkpoint import CheckpointError, load_network
from plugins.api.kept import are_kept, blended, with_kept
from plugins.api.playing_joints import JOINTS, Floats, own_frame, seen_in
from plugins.api.retimed import at_times, filled
from plugins.api.whole_body import anchors, held_again, held_props, swung, with_lengths
from plugins.mapnet.checkpoint import BUNDLED, Weights, load_weights
from plugins.mapnet.config import FPS, HEARD, MEL, OUR_POSE
from plugins.mapnet.ears import heard_by
from plugins.mapnet.offset import offset_of
from plugins.mapnet.repair import Looks, Repaired, repair
from plugins.mapnet.rest import smooth_places, smooth_turns
from plugins.mapnet.sound import heard

FEWEST: Final = 3
"""Frames."""
SURE: Final = 0.05
"""Metres of expected error at which a joint's confidence is 1/e."""


class MapNet(Corrector):
    """Repairs a violinist's motion from the sound: jitter, gaps, exchanged joints and too few frames, with bones of
    constant length. Where nobody plays, it only smooths."""

    name, label = "mapnet", "Repair from audio"
    licence = "MIT"
    devices = ("cuda", "cpu")

    class Options(Corrector.Options):
        strength: float = Field(
            1.0, ge=0.0, le=1.0, title="Strength", description="0 leaves the motion as it is, 1 repairs it"
        )
        offset: float = Field(
            0.0, ge=-60.0, le=60.0, title="Sound offset", description="Seconds by which the sound comes too late"
        )
        constant_lengths: bool = Field(
            True, title="Constant bone lengths", description="For motion of points only; rigs keep theirs in any case"
        )

    def __init__(self, weights: Path = BUNDLED) -> None:
        self._path = weights
        self._weights: Weights | None = None
        self._network: Any = None
        self._ears: Any = None
        self._device = ""

    @property
    def checkpoint(self) -> str:  # type: ignore[override]
        """Hash of the weights."""
        return hashlib.sha256(self._path.read_bytes()).hexdigest()[:16] if self._path.exists() else ""

    def load(self, device: str) -> None:
        try:
            from plugins.mapnet.model import Ears, network_of

            weights = load_weights(self._path)
            self._network, self._ears = network_of(weights.model), Ears(weights.model.ears)
            for network, tensors in ((self._network, weights.tensors), (self._ears, weights.ears)):
                load_network(network, tensors)
                network.to(device).eval()
        except CheckpointError as error:
            raise ComponentError(str(error)) from error
        except ModuleNotFoundError as error:
            raise ComponentError(f"repairing needs {error.name}; run: pip install 'cadenza[learned]'") from error
        self._weights, self._device = weights, device

    def infer(self, windows: Windows) -> Windows:
        """What is heard, of (B, T, 128) log-mel; or (B, T, 39 + 13) of (B, T, looks and what is heard)."""
        import torch

        given = torch.from_numpy(np.ascontiguousarray(windows)).to(self._device)
        with torch.inference_mode():
            if windows.shape[-1] == MEL:
                return np.asarray(self._ears(given).float().cpu().numpy())
            places, errors = self._network(*given.split([OUR_POSE, HEARD], dim=-1))
        return np.asarray(torch.cat([places.flatten(-2), errors], dim=-1).float().cpu().numpy())

    def correct(self, motion: Motion, audio: Audio, options: Any, context: JobContext) -> Motion:
        """The repaired motion at ``context.fps``, from the given one's first frame to its last.

        Its provenance says under ``repair`` what was found: jitter (metres, of the joint that has most), exchanged
        (part of the looks), silent (part of the time), offset (seconds) where the sound seems to lie elsewhere, and
        warnings.

        Raises:
            ComponentError: with what to do.
        """
        if self._weights is None:
            raise ComponentError("call load() before correct()")
        context.progress(0.0, "Looking at the motion")
        if len(motion) < FEWEST:
            raise ComponentError(f"{len(motion)} frames are too few to repair; give at least {FEWEST}")
        work = _Work(self, self._weights, motion, options, context)
        found, report = work.repaired(audio)
        context.progress(0.7, "Moving the body")
        return work.motion(found, report)


@dataclass(frozen=True, eq=False)
class _Work:
    """One motion being repaired."""

    component: MapNet
    weights: Weights
    given: Motion
    options: Any
    context: JobContext

    @property
    def times(self) -> Floats:
        """(T,) seconds of the answer's frames."""
        last = (len(self.given) - 1) / self.given.fps
        return np.asarray(self.given.start + np.arange(int(last * self.context.fps + 1e-6) + 1) / self.context.fps)

    def repaired(self, audio: Audio) -> tuple[Repaired, dict[str, Any]]:
        """The thirteen joints in the world, and what is to be said of it."""
        seen = seen_in(self.given)
        frame = own_frame(seen)
        frames = int((len(self.given) - 1) / self.given.fps * FPS) + 2
        sound, playing, whole = self._sound(audio, frames)

        def tell(part: float) -> None:
            self.context.progress(0.1 + 0.6 * part, "Listening and looking")

        exact = are_kept(self.given.times, self.context.constraints)
        looks = Looks(frame.inside(seen), self.given.times, exact)
        found = repair(looks, sound, playing, self.weights, self._ask, tell)
        report: dict[str, Any] = {
            "jitter": round(float(found.jitter.max()) * frame.size, 5),
            "exchanged": round(float(found.exchanged.any(axis=1).mean()), 4),
            "silent": round(float(1.0 - playing.mean()), 4),
            "warnings": [],
        }
        self._check_offset(found, whole, report)
        if report["silent"] > 0.98:
            report["warnings"].append("nobody plays while the motion lasts: it was only smoothed")
        outside = {name: frame.outside(getattr(found, name)) for name in ("places", "seen")}
        return replace(found, expected=found.expected * frame.size, **outside), report

    def _ask(self, windows: Windows) -> Windows:
        return self.context.infer(self.component, windows)

    def _sound(self, audio: Audio, frames: int) -> tuple[Floats, Floats, tuple[Floats, Floats]]:
        """What is heard during the motion's frames, and in all the sound (for its offset)."""
        mel, playing = heard(audio.samples, audio.sample_rate)
        count = len(mel)
        said = heard_by(mel, self.weights.model.ears, self._ask)
        first = self.given.start - (audio.start - self.options.offset)
        at = np.round(first * FPS).astype(int) + np.arange(frames)
        there = (at >= 0) & (at < count)
        rows = np.clip(at, 0, count - 1)
        own = np.where(there[:, None], said[rows], 0.0), np.where(there, playing[rows], 0.0)
        begin = round(first * FPS)
        pad = max(0, -begin)
        whole = np.pad(said, ((pad, 0), (0, 0)))[max(0, begin) :], np.pad(playing, (pad, 0))[max(0, begin) :]
        return own[0], own[1], whole

    def _check_offset(self, found: Repaired, sound: tuple[Floats, Floats], report: dict[str, Any]) -> None:
        offset = offset_of(found.smoothed, *sound)
        if offset.wrong:
            total = round(self.options.offset + offset.seconds, 2)
            report["offset"] = total
            report["warnings"].append(
                f"the sound seems to come {abs(offset.seconds):.2f} s too {'late' if offset.seconds > 0 else 'early'}; "
                f"set the option offset to {total:g}, or move the sound"
            )

    def motion(self, found: Repaired, report: dict[str, Any]) -> Motion:
        """The whole body at the frames of the answer."""
        targets = at_times(found.places, found.times, self.times)
        if self.options.constant_lengths:
            targets = with_lengths(targets, found.seen)
        named = {name: targets[:, i] for i, name in enumerate(JOINTS) if np.isfinite(targets[:, i]).all()}
        confidence = np.exp(-at_times(found.expected, found.times, self.times) / SURE)
        body = self._with_rotations(named) if self.given.rotations is not None else self._points(named)
        sure = self._of_all_joints(confidence, body)
        given = filled(self.given, self.times)
        out = with_kept(blended(body, given, self.options.strength), given, self.context.constraints)
        made = {**self.given.provenance, "repair": {**report, "strength": self.options.strength}}
        return replace(out, confidence=sure, provenance=made)

    def _with_rotations(self, targets: dict[str, Floats]) -> Motion:
        given = self.given
        assert given.rotations is not None
        local = smooth_turns(given, self.times, self.weights)
        roots = [0, *given.skeleton.held]
        positions = np.zeros((len(self.times), len(given.skeleton), 3))
        positions[:, roots] = smooth_places(given, roots, self.times, self.weights)
        held = held_props(given, local, positions)
        self.context.check_cancelled()
        placed, turned = swung(given.skeleton, local, positions, targets)
        placed = held_again(given, placed, turned, held)
        return _as_motion(given, self.context.fps, placed, turned)

    def _points(self, targets: dict[str, Floats]) -> Motion:
        """Motion of points: every other joint keeps its way beside the one that carries it."""
        given = self.given
        positions = np.full((len(self.times), len(given.skeleton), 3), np.nan)
        for name, place in targets.items():
            if name in given.skeleton:
                positions[:, given.skeleton.index(name)] = place
        others = {i: a for i, a in anchors(given).items() if np.isfinite(given.positions[:, i]).any()}
        if others:
            beside = given.positions[:, list(others)] - given.positions[:, list(others.values())]
            relative = replace(given, skeleton=_flat(len(others)), positions=beside, rotations=None, confidence=None)
            smoothed = smooth_places(relative, list(range(len(others))), self.times, self.weights)
            for column, (i, carrier) in enumerate(others.items()):
                positions[:, i] = positions[:, carrier] + smoothed[:, column]
        return _as_motion(given, self.context.fps, positions, None)

    def _of_all_joints(self, confidence: Floats, body: Motion) -> Any:
        """(T, J) every joint as sure as the one of the thirteen that carries it."""
        columns = {body.skeleton.index(name): i for i, name in enumerate(JOINTS) if name in body.skeleton}
        carriers = anchors(self.given)
        order = [columns.get(i, columns.get(carriers.get(i, -1), 0)) for i in range(len(body.skeleton))]
        return np.nan_to_num(confidence[:, order]).astype(np.float32)


def _as_motion(given: Motion, fps: float, positions: Any, rotations: Any) -> Motion:
    return Motion(given.skeleton, fps, positions, rotations, given.start, given.provenance)


def _flat(count: int) -> Any:
    """A skeleton of that many joints without kinship."""
    from plugins.api import Skeleton

    names = tuple(f"j{i}" for i in range(count))
    return Skeleton("flat", names, (-1, *[0] * (count - 1)), np.zeros((count, 3)), ("body",) * count)
