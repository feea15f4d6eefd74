# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The four stages of MoMu: what is trained in each, and what is made small."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from pydantic import ValidationError
from torch import Tensor, nn

from plugins.api.log_mel import FPS
from plugins.momu.autoencoder import SPREAD, Critic, MotionVae, MusicVae
from plugins.momu.checkpoint import PARTS, Weights
from plugins.momu.config import COMPRESSION, STEPS, DenoiserConfig, MotionConfig, MusicConfig
from plugins.momu.joints import Joints
from plugins.momu.model import Denoiser, Wish
from plugins.momu.schedule import noised
from training.config_files import ConfigError, of_model
from training.momu.config import MomuRun
from training.momu.losses import contrast, divergence, drawn, judged, step_weight
from training.momu.material import Material

Batch = Mapping[str, Tensor]
Outcome = tuple[Tensor, dict[str, float]]


class MusicStage(nn.Module):
    """Reconstruction, divergence, and a critic of spectrograms."""

    part = "music"
    seen: Tensor

    def __init__(self, config: MomuRun) -> None:
        super().__init__()
        self.weights = config.loss
        self.network = MusicVae(MusicConfig(**config.model))
        self.critic = Critic()
        self.register_buffer("seen", torch.tensor(0))

    def forward(self, batch: Batch) -> Outcome:
        heard = batch["heard"]
        mean, spread = self.network.moments(heard)
        made = self.network.decode_raw(drawn(mean, spread))
        off = (made - heard) / SPREAD
        error = off.square().mean() + 0.5 * off.abs().mean()
        terms = {"error": error, "divergence": self.weights.divergence * divergence(mean, spread)}
        self.seen += self.training
        if self.weights.critic and int(self.seen) > self.weights.critic_from:
            own, objection = judged(self.critic, heard, made)
            terms |= {"critic": own, "objection": self.weights.critic * objection}
        else:  # several devices must have a gradient of every parameter
            terms["critic"] = 0.0 * torch.stack([p.sum() for p in self.critic.parameters()]).sum()
        return _summed(terms)

    def raw(self, batch: Batch) -> Tensor:
        """Latents as the autoencoder has them."""
        return self.network.moments(batch["heard"])[0]


class MotionStage(nn.Module):
    """Reconstruction of features, joints and speeds, divergence, feet that stand, and the rhythmic contrast with the
    music's latents, which stay as they are."""

    part = "motion"

    def __init__(self, config: MomuRun, material: Material, before: Weights) -> None:
        super().__init__()
        self.weights = config.loss
        body = material.body
        self.network = MotionVae(MotionConfig(pose=body.pose, events=body.events, **config.model))
        self.joints = Joints(body, material.scale)
        self.music = frozen(before, "music")
        if config.loss.contrast and self.music.config.latent != self.network.config.latent:
            raise ConfigError(
                f"model: pose_latent and event_latent must be {self.music.config.latent} together, as many numbers as "
                "a latent of the music has: the contrast compares them"
            )
        self.feet = [body.index(foot) for foot in body.feet]

    def forward(self, batch: Batch) -> Outcome:
        features = batch["features"]
        mean, spread = self.network.moments(features)
        made = self.network.decode_raw(drawn(mean, spread))
        real_places, made_places = self.joints(features), self.joints(made)
        off = made_places - real_places
        weights = self.weights
        terms = {
            "error": (made - features).square().mean(),
            "divergence": weights.divergence * divergence(mean, spread),
            # Tens of centimetres, and metres a second.
            "places": weights.places * ((off - off[:, :, :1]) * 10.0).square().mean(),
            "velocity": weights.velocity * (off.diff(dim=1) * FPS).square().mean(),
        }
        if self.feet:
            stands = self.joints.raw(features)[..., -1 - len(self.feet) : -1]
            slide = made_places[:, :, self.feet].diff(dim=1).norm(dim=-1) * FPS
            terms["feet"] = weights.feet * (stands[:, 1:] * slide).mean()
        if weights.contrast:
            heard = self.music.moments(batch["heard"])[0]
            terms["contrast"] = weights.contrast * contrast(heard, mean, batch["moments"], weights.temperature)
        return _summed(terms)

    def raw(self, batch: Batch) -> Tensor:
        return self.network.moments(batch["features"])[0]


class DenoiserStage(nn.Module):
    """Noise taken off latents of motion (told the music) or of music (told the motion)."""

    def __init__(self, config: MomuRun, material: Material, before: Weights) -> None:
        super().__init__()
        self.config, self.part = config, config.stage
        self.music, self.motion = frozen(before, "music"), frozen(before, "motion")
        self.to_motion = config.stage == "music2motion"
        motion, music = before.configs["motion"], before.configs["music"]
        made, told = (motion, music) if self.to_motion else (music, motion)
        given: dict[str, Any] = {"latent": made.latent, "seen": told.inputs, "seen_latent": told.latent}
        given["styles"] = len(material.classes) if self.to_motion else 0
        given["window"] = config.window // COMPRESSION
        self.network = Denoiser(DenoiserConfig(**{**given, **config.model}))

    def forward(self, batch: Batch) -> Outcome:
        heard, features = batch["heard"], batch["features"]
        with torch.no_grad():
            music, motion = self.music.encode(heard), self.motion.encode(features)
        clean, told, seen = (motion, music, heard) if self.to_motion else (music, motion, features)
        looked = self.network.look(seen, told)
        guessed = (self.network.guessed(looked) - clean).square().mean()
        count, device = len(clean), clean.device
        step = torch.randint(0, STEPS, (count,), device=device)
        untold = torch.rand(count, device=device) < self.config.untold
        looked = torch.where(untold[:, None, None], self.network.blind(count, clean.shape[1]), looked)
        off = self.network(noised(clean, torch.randn_like(clean), step), step, looked, self._wish(batch)) - clean
        weights, each = self.config.loss, step_weight(step)[:, None, None]
        terms = {
            "error": (each * off.square()).mean(),
            "change": weights.change * (each * off.diff(dim=1).square()).mean(),
            "guess": weights.guess * guessed,
        }
        return _summed(terms)

    def _wish(self, batch: Batch) -> Wish:
        """What is known of the window, half of the time."""
        style, intensity = batch["style"], batch["intensity"]
        none = torch.rand(2, len(style), device=style.device) < 0.5
        known = self.network.config.styles
        style = torch.where(none[0], known, style.clamp(max=known))
        return Wish(style, torch.where(none[1] | (not self.to_motion), torch.nan, intensity))


def frozen(weights: Weights, part: str) -> Any:
    """An autoencoder that was trained before, and stays so."""
    weights.need(part)
    network = {"music": MusicVae, "motion": MotionVae}[part](weights.configs[part])
    network.load_state_dict({name: torch.from_numpy(value) for name, value in weights.tensors[part].items()})
    return network.eval().requires_grad_(False)


def stage_of(config: MomuRun, material: Material, before: Weights | None) -> Any:
    """The networks of a run, drawn by its seed; ConfigError when ``model`` has keys or values that they cannot have."""
    torch.manual_seed(config.seed)
    try:
        return _built(config, material, before)
    except ValidationError as error:
        raise ConfigError(f"the config of {config.stage}: {of_model(error)}") from error


def _built(config: MomuRun, material: Material, before: Weights | None) -> Any:
    if before is None:
        return MusicStage(config)
    if config.stage == "motion-vae":
        return MotionStage(config, material, before)
    return DenoiserStage(config, material, before)


def config_of(stage: Any) -> Any:
    return PARTS[stage.part].model_validate(stage.network.config.model_dump())


def _summed(terms: dict[str, Tensor]) -> Outcome:
    total = torch.stack(list(terms.values())).sum()
    return total, {"loss": total.item(), **{name: value.item() for name, value in terms.items()}}
