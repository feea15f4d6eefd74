# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The networks at work, in numpy: motion of music, music of motion, both of nothing. Imports torch when it is built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from plugins.api.checkpoint import load_network
from plugins.momu.checkpoint import Weights
from plugins.momu.config import COMPRESSION, Ask
from plugins.momu.kept import Kept

Floats = npt.NDArray[np.floating[Any]]

VIGOUR: Final = 3.0
"""Deviations of the training clips' vigour that are asked for at most."""


@dataclass(frozen=True, eq=False)
class Made:
    """Motion as the network says it, at 40 frames a second.

    Attributes:
        places: (T, J, 3) metres, from where the root stands (or starts).
        features: (T, pose + events) on their own scale.
    """

    places: npt.NDArray[np.float64] = field(repr=False)
    features: npt.NDArray[np.float64] = field(repr=False)


@dataclass(frozen=True)
class Desire:
    """What the animator wants besides the sound.

    Attributes:
        style: one of the weights' classes, "" for any. intensity: -1 (calm) to 1 (vigorous); None for what fits.
    """

    style: str = ""
    intensity: float | None = None


Tell = Callable[[float, Callable[[], Made]], None]
"""Hears how much is done, and what makes a preview."""


def _silent(done: float, preview: Callable[[], Made]) -> None:
    """Nobody listens."""


class Engine:
    """Networks that are ready.

    Args:
        weights: with the parts ``music``, ``motion`` and what is asked of: ``music2motion``, ``motion2music``.
    """

    def __init__(self, weights: Weights, device: str = "cpu") -> None:
        import torch

        from plugins.momu.autoencoder import MotionVae, MusicVae
        from plugins.momu.joints import Joints
        from plugins.momu.model import Denoiser
        from plugins.momu.sampling import Sampler

        weights.need("music", "motion")
        assert weights.body is not None
        assert weights.scale is not None
        self.weights, self.device, self._torch = weights, device, torch
        kinds = {"music": MusicVae, "motion": MotionVae, "music2motion": Denoiser, "motion2music": Denoiser}
        built: dict[str, Any] = {}
        for name, config in weights.configs.items():
            network = kinds[name](config)
            load_network(network, weights.tensors[name])
            built[name] = network.to(device).eval().requires_grad_(False)
        self.music, self.motion = built["music"], built["motion"]
        self.samplers = {name: Sampler(built[name]) for name in ("music2motion", "motion2music") if name in built}
        self.joints = Joints(weights.body, weights.scale).to(device)

    def features(self, places: Floats) -> npt.NDArray[np.float32]:
        """(T, pose + events) scaled, of (T, J, 3) metres at 40 frames a second."""
        body, scale = self.weights.body, self.weights.scale
        assert body is not None
        assert scale is not None
        return scale.scaled(body.posture(places), body.happenings(places))

    def dance(
        self,
        heard: Floats,
        seed: int,
        ask: Ask,
        desire: Desire = Desire(),
        *,
        given: Floats | None = None,
        strength: float = 1.0,
        kept: Kept | None = None,
        tell: Tell = _silent,
    ) -> Made:
        """Motion to (T, 128) ``log_mel``.

        Args:
            given: (T, J, 3) motion to begin from, with ``strength`` (0 to 1) of the noise on it.
            kept: what must come out as it is.
        """
        from plugins.momu.sampling import noise

        self.weights.need("music2motion")
        torch, frames = self._torch, len(heard)
        with torch.no_grad():
            sound = self._tensor(_filled(heard))
            looked = self.samplers["music2motion"].look(sound, self.music.encode(sound))
            count = sound.shape[1] // COMPRESSION
            start = None if given is None else self.motion.encode(self._tensor(_filled(self.features(given))))
            pull = None if kept is None or not kept.any() else self._puller(kept, given, count)
            begin = noise(count, self.motion.config.latent, seed)
            wish = self._wish(desire, self.samplers["music2motion"])
            sampler, clean = self.samplers["music2motion"], begin
            left = max(1, round(strength * ask.steps)) if start is not None else ask.steps
            running = sampler.run(looked, begin, wish, ask, start=start, strength=strength, pull=pull)
            expected = sampler.network.guessed(looked) if ask.guidance > 0.0 else None
            for i, now in enumerate(running):
                clean = self._timed(now, expected)
                tell((i + 1) / left, partial(self._made, clean, frames))
            return self._made(clean, frames)

    def _timed(self, latents: Any, expected: Any) -> Any:
        """Latents whose events are those that are expected: *when* a bow turns is heard, and no matter of chance; which
        way it goes, how far and where on the bow is."""
        if expected is None:
            return latents
        first = self.motion.config.pose_latent
        return self._torch.cat([latents[..., :first], expected[..., first:]], dim=-1)

    def compose(self, places: Floats, seed: int, ask: Ask, tell: Callable[[float], None]) -> npt.NDArray[np.float32]:
        """(T, 128) a ``log_mel`` to (T, J, 3) metres."""
        from plugins.momu.sampling import noise

        self.weights.need("motion2music")
        frames = len(places)
        with self._torch.no_grad():
            features = self._tensor(_filled(self.features(places)))
            sampler = self.samplers["motion2music"]
            looked = sampler.look(features, self.motion.encode(features))
            begin = noise(features.shape[1] // COMPRESSION, self.music.config.latent, seed)
            clean = begin
            for i, now in enumerate(sampler.run(looked, begin, self._wish(Desire(), sampler), ask)):
                tell((i + 1) / ask.steps)
                clean = now
            return self._sound(clean, frames)

    def improvise(
        self, frames: int, seed: int, ask: Ask, crossing: float, tell: Callable[[float], None]
    ) -> tuple[Made, npt.NDArray[np.float32]]:
        """Motion and (T, 128) ``log_mel`` out of nothing but the seed."""
        from plugins.momu.sampling import noise, together

        self.weights.need("music2motion", "motion2music")
        count = -(-frames // COMPRESSION)
        with self._torch.no_grad():
            begin = noise(count, self.motion.config.latent, seed), noise(count, self.music.config.latent, [seed, 1])
            both = self.samplers["music2motion"], self.samplers["motion2music"]
            shown = self.motion.decode, self.music.decode
            found = begin
            running = together(*both, begin, self._wish(Desire(), both[0]), ask, shown, crossing)
            for i, now in enumerate(running):
                tell(min((i + 1) / ask.steps, 1.0))
                found = now
            return self._made(found[0], frames), self._sound(found[1], frames)

    def _made(self, latents: Any, frames: int) -> Made:
        features = self.motion.decode(latents)
        places = self.joints(features)[0, :frames].double().cpu().numpy()
        return Made(places, self.joints.raw(features)[0, :frames].double().cpu().numpy())

    def _sound(self, latents: Any, frames: int) -> npt.NDArray[np.float32]:
        heard = self.music.decode(latents)[0, :frames].float().cpu().numpy()
        return np.clip(heard, 0.0, 1.0).astype(np.float32)

    def _puller(self, kept: Kept, given: Floats | None, count: int) -> Any:
        from plugins.momu.keeping import Puller

        full = count * COMPRESSION
        pad = ((0, full - len(kept.places)), (0, 0))
        padded = Kept(
            np.pad(kept.places, (*pad, (0, 0)), mode="edge"), np.pad(kept.weight, pad, mode="edge"), kept.lacking
        )
        base = kept.places if given is None else given
        known = self._tensor(_filled(self.features(_without_gaps(base))))
        with self._torch.no_grad():
            latents = self.motion.encode(known)
        assert self.weights.body is not None
        return Puller(padded, lambda z: self.joints(self.motion.decode(z)), latents, self.weights.body.travels)

    def _wish(self, desire: Desire, sampler: Any) -> Any:
        from plugins.momu.model import Wish

        torch, classes = self._torch, self.weights.classes
        style = classes.index(desire.style) if desire.style else sampler.network.config.styles
        amount = float("nan") if desire.intensity is None else VIGOUR * desire.intensity
        return Wish(torch.tensor([style], device=self.device), torch.tensor([amount], device=self.device))

    def _tensor(self, rows: Floats) -> Any:
        return self._torch.from_numpy(np.ascontiguousarray(rows, dtype=np.float32))[None].to(self.device)


def _filled(rows: Floats) -> Floats:
    """(T', F) whole latents: the last frame is repeated."""
    return np.pad(rows, ((0, -len(rows) % COMPRESSION), (0, 0)), mode="edge")


def _without_gaps(places: Floats) -> Floats:
    """(T, J, 3) with lines across what is NaN; joints that are never known lie at the origin."""
    out = np.array(places, dtype=np.float64)
    at = np.arange(len(out))
    for column in out.reshape(len(out), -1).T:
        known = np.isfinite(column)
        column[~known] = np.interp(at[~known], at[known], column[known]) if known.any() else 0.0
    return out
