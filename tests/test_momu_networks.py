# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""MoMu's parts: bodies as features and back, what amplitude is, how samples come about, what losses ask for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from plugins.api import Skeleton
from plugins.api.strokes import turns
from plugins.momu import keeping
from plugins.momu.amplitude import amplitude, directogram
from plugins.momu.body import Scale, dancer, median_lengths, turned, violinist
from plugins.momu.bowing import strokes_through
from plugins.momu.config import Ask, DenoiserConfig
from plugins.momu.joints import Joints
from plugins.momu.kept import Kept
from plugins.momu.model import Denoiser, Wish
from plugins.momu.sampling import Sampler, noise
from plugins.momu.schedule import signal
from training.momu.losses import contrast, judged, moments_of

DANCER = Skeleton.build(
    "stick",
    [
        ("hips", None, (0.0, 0.0, 0.9), "body"),
        ("head", "hips", (0.0, 0.0, 0.7), "body"),
        ("left_toes", "hips", (0.1, 0.0, -0.9), "body"),
        ("right_toes", "hips", (-0.1, 0.0, -0.9), "body"),
    ],
)


def danced(frames: int = 60) -> np.ndarray:
    t = np.arange(frames)[:, None] / 40.0
    places = np.repeat(DANCER.rest_positions[None], frames, axis=0)
    places[:, :, 0] += 0.5 * t
    places[:, 1] += 0.1 * np.concatenate([np.sin(5 * t), np.cos(5 * t), 0 * t], axis=1)
    return places


def test_a_dancer_comes_back_as_it_was() -> None:
    places = danced()
    body = dancer(DANCER)
    body = body.with_lengths(median_lengths(body, [places]))
    posture, happenings = body.posture(places), body.happenings(places)
    assert posture.shape == (60, body.pose)
    assert happenings.shape == (60, body.events) == (60, 3)
    scale = Scale.fit(posture, happenings, body)
    back = Joints(body, scale)(torch.from_numpy(scale.scaled(posture, happenings))[None])[0].numpy()
    moved = places - places[0, 0] * [1.0, 1.0, 0.0]
    np.testing.assert_allclose(back[:, [0, 2, 3]], moved[:, [0, 2, 3]], atol=2e-3)
    lengths = np.linalg.norm(back[:, 1] - back[:, 0], axis=-1)
    assert np.ptp(lengths) < 1e-5


def test_turning_a_posture_turns_the_body() -> None:
    body = dancer(DANCER)
    posture = body.posture(danced())
    quarter = turned(posture, np.pi / 2)
    np.testing.assert_allclose(quarter[:, 3], -posture[:, 4], atol=1e-6)
    np.testing.assert_allclose(quarter[:, 2], posture[:, 2], atol=1e-6)


def test_the_directogram_sums_the_ways_and_amplitude_its_growth() -> None:
    places = np.zeros((6, 2, 3))
    places[3:, :, 0] = 0.1  # both joints jump once, the same way
    grams = directogram(places)
    assert grams.sum(axis=1) == pytest.approx([0, 0, 0, 0.2, 0, 0])
    assert (grams[3] > 0).sum() == 1
    assert amplitude(places) == pytest.approx([0, 0, 0, 0.2, 0, 0])


def test_moments_are_where_it_moves_off() -> None:
    moved = np.zeros(320)
    moved[[40, 120, 200]] = [1.0, 3.0, 2.0]
    assert list(moments_of(moved)[:3]) == [30, 50, 10]


def test_the_contrast_is_least_for_what_belongs_together() -> None:
    torch.manual_seed(0)
    music = torch.randn(6, 40, 8)
    moments = torch.tensor([[5, 15, 25]] * 6)
    own = contrast(music, music, moments, 0.1)
    other = contrast(music, music.roll(1, dims=0), moments, 0.1)
    assert own < other - 1.0


def test_the_critic_is_moved_by_its_own_loss_only() -> None:
    critic = torch.nn.Linear(3, 1)
    made = torch.randn(4, 3, requires_grad=True)
    own, objection = judged(critic, torch.randn(4, 3), made)
    objection.backward(retain_graph=True)
    assert critic.weight.grad is None
    assert made.grad is not None
    made.grad = None
    own.backward()
    assert critic.weight.grad is not None
    assert made.grad is None


class Half(torch.nn.Module):  # type: ignore[misc]
    """A denoiser that takes half of what it sees for clean, less what it is told."""

    def __init__(self, window: int = 8) -> None:
        super().__init__()
        self.config = DenoiserConfig(latent=2, seen=1, seen_latent=1, window=window)
        self.nothing = torch.nn.Parameter(torch.zeros(1))

    def blind(self, batch: int, count: int) -> Any:
        return torch.zeros(batch, count, 1)

    def forward(self, x: Any, step: Any, looked: Any, wish: Wish) -> Any:
        return 0.5 * x - looked


def anything() -> Wish:
    return Wish(torch.zeros(1, dtype=torch.long), torch.full((1,), float("nan")))


def sampled(network: Any, count: int = 6, told: float | None = None, **ask: Any) -> Any:
    looked = None if told is None else torch.full((1, count, 1), told)
    with torch.no_grad():
        *_, last = Sampler(network).run(looked, noise(count, 2, 7), anything(), Ask(**{"steps": 6, **ask}))
    return last


def test_golden_numbers_of_the_sampler() -> None:
    """Whatever is changed about noise, schedule or solver is seen here."""
    found = sampled(Half())[0, :3].flatten().tolist()
    assert found == pytest.approx(GOLDEN, abs=1e-5)


GOLDEN = [0.563856, -0.423866, 0.426109, -0.661174, -0.285823, 0.377577]


def test_a_longer_sample_is_made_of_windows_that_agree() -> None:
    """Of a network that looks at each latent by itself, windows change nothing."""
    torch.testing.assert_close(sampled(Half(window=8), 40), sampled(Half(window=64), 40))


def test_guidance_goes_beyond_what_is_told() -> None:
    weak, strong = (sampled(Half(), told=0.3, guidance=g).mean() for g in (1.0, 2.0))
    none = sampled(Half(), told=0.3, guidance=0.0).mean()
    assert strong < weak < none


class Steady(Half):
    """Takes what it sees for clean, as far as there is little noise."""

    def forward(self, x: Any, step: Any, looked: Any, wish: Wish) -> Any:
        return x * signal()[step].sqrt()[:, None, None]


def test_partial_noise_stays_near_its_start() -> None:
    start = torch.linspace(-2.0, 2.0, 40).reshape(1, 20, 2)
    away = []
    for strength, steps in ((0.2, 2), (0.5, 5), (1.0, 10)):
        with torch.no_grad():
            run = Sampler(Steady()).run(
                None, noise(20, 2, 7), anything(), Ask(steps=10), start=start, strength=strength
            )
            found = list(run)
        assert len(found) == steps
        away.append(float((found[-1] - start).square().mean()))
    assert away[0] < 0.5 * away[1] < 0.5 * away[2]


def test_the_network_looks_at_any_length() -> None:
    network = Denoiser(DenoiserConfig(seen=3, latent=4, seen_latent=4, width=16, heads=2, blocks=1, sense_width=8))
    looked = network.look(torch.zeros(1, 40, 3), torch.zeros(1, 10, 4))
    assert network(torch.zeros(1, 10, 4), torch.tensor([5]), looked, anything()).shape == (1, 10, 4)
    assert network.blind(2, 10).shape == (2, *looked.shape[1:])


def test_what_is_pulled_to_a_pose_is_not_shaken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A decoder of whose latents half move a second gently and half jerk: who is pulled to a frame goes gently."""
    torch.manual_seed(2)
    gentle = torch.eye(6)[..., None] * torch.hann_window(40)
    moves = torch.cat([gentle, torch.eye(6)[..., None] * torch.randn(40)])

    def places(z: torch.Tensor) -> torch.Tensor:
        made = torch.nn.functional.conv_transpose1d(z.transpose(1, 2), moves, stride=4, padding=18)
        return made.transpose(1, 2).unflatten(-1, (2, 3))

    target, weight = np.zeros((160, 2, 3)), np.zeros((160, 2))
    target[81], weight[81] = 0.1, 1.0
    found = []
    for cost in (0.0, keeping.SUDDEN):
        monkeypatch.setattr(keeping, "SUDDEN", cost)
        pull = keeping.Puller(Kept(target, weight), places, torch.zeros(1, 40, 12), travels=False)
        with torch.no_grad():
            made = places(pull(torch.zeros(1, 40, 12), 1.0))[0]
        assert (made[81] - 0.1).norm(dim=-1).max() < 0.05
        found.append(float(made.diff(n=2, dim=0).square().sum()))
    assert found[1] < 0.2 * found[0]


def test_what_is_kept_whole_needs_its_neighbours() -> None:
    weight = np.zeros((64, 3))
    weight[16:48, :2] = 1.0  # the third joint is one that the body lacks
    whole = Kept(np.zeros((64, 3, 3)), weight, (2,)).whole_latents()
    assert list(np.flatnonzero(whole)) == list(range(6, 10))
    assert not Kept(np.zeros((64, 3, 3)), weight).whole_latents().any()


def test_only_what_is_near_to_what_is_kept_is_pulled() -> None:
    weight = np.zeros((400, 2))
    weight[100], weight[140:180] = 1.0, 1.0
    kept = Kept(np.zeros((400, 2, 3)), weight)
    assert kept.pulled(3) == [(22, 29), (32, 48)]
    assert Kept(np.zeros((400, 2, 3)), np.zeros((400, 2))).pulled(3) == []
    assert Kept(np.zeros((400, 2, 3)), np.ones((400, 2))).pulled(3) == []


def test_strokes_go_through_what_is_kept() -> None:
    fixed = np.full(200, np.nan)
    fixed[[50, 120]] = [0.1, 0.5]
    path = strokes_through(fixed, [30, 70, 100, 150], np.full(200, 0.3), np.full(200, 0.3))
    assert path[[50, 120]] == pytest.approx([0.1, 0.5])
    assert np.abs(np.diff(path)).max() < 0.05


def test_the_bow_turns_for_no_pose() -> None:
    """It goes on through a pose in the direction in which it was, and turns where it is to turn alone."""
    rng = np.random.default_rng(1)
    for _ in range(20):
        said = np.sort(rng.choice(np.arange(20, 380, 12), 9, replace=False)).tolist()
        fixed = np.full(400, np.nan)
        fixed[[96, 241]] = rng.uniform(0.25, 0.4, 2)
        path = strokes_through(fixed, said, np.full(400, 0.25), np.full(400, 0.32))
        assert path[[96, 241]] == pytest.approx(fixed[[96, 241]])
        found = np.array(turns(path, 0.01))
        assert {min(abs(found - t)) <= 1 for t in said} == {True}
        assert len(found) == len(said)


@pytest.mark.parametrize("said", [[60, 90], [60, 90, 130]])
def test_strokes_leave_and_reach_kept_stretches_in_their_direction(said: list[int]) -> None:
    fixed = np.full(200, np.nan)
    fixed[20:41] = np.linspace(0.15, 0.3, 21)
    fixed[160:181] = np.linspace(0.4, 0.25, 21)
    path = strokes_through(fixed, said, np.full(200, 0.3), np.full(200, 0.3))
    np.testing.assert_allclose(path[np.isfinite(fixed)], fixed[np.isfinite(fixed)])
    assert path[41] > path[40]
    assert path[159] > path[160]
    # Down first and up at last is an odd number of turns: one less where they are even.
    assert len(turns(path[38:163], 0.01)) == len(said) - (len(said) % 2 == 0)
    assert np.abs(np.diff(path)).max() < 0.03


def test_a_violinist_has_what_it_takes_to_bow() -> None:
    body = violinist()
    assert {"bow_frog", "bow_tip", "violin_end", "violin_scroll"} <= set(body.joints)
    assert body.events == 2
    assert not body.travels
