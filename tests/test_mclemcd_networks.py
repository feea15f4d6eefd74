# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""The networks of MCLEMCD and what they see and hear."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from plugins.api import Audio, Motion, violinist
from plugins.mclemcd import features
from plugins.mclemcd.config import STRIDES, UNITS, StyleConfig
from plugins.mclemcd.model import StyleNetwork
from plugins.mclemcd.motion_network import GraphConvolution, MotionEncoder, adjacency
from plugins.mclemcd.music_network import MusicDecoder, MusicEncoder
from tests.conftest import ROOT
from training.config_files import read_config
from training.datasets.dances import skeleton_of
from training.mclemcd.config import MclemcdConfig

EDGES = [(1, 0), (2, 1), (3, 1)]
SMALL = {"units": (4, 4, 8, 8, 8, 8), "music_channels": 4, "dense": (16, 32)}


def test_the_published_motion_encoder() -> None:
    torch.manual_seed(0)
    net = MotionEncoder(StyleConfig(), 3, 23, [(i, i - 1) for i in range(1, 23)])
    frames = []
    for unit in net.units:
        unit.register_forward_hook(lambda _m, _i, out: frames.append(tuple(out.shape[1:3])))
    assert net(torch.rand(2, 3, 25, 23)).shape == (2, 256)
    lengths = [25, 25, 13, 13, 7, 7]
    assert frames == list(zip(UNITS, lengths, strict=True))
    assert [unit.time[0].kernel_size for unit in net.units] == [(9, 1)] * 6
    assert [unit.time[0].stride[0] for unit in net.units] == list(STRIDES)
    assert isinstance(net.widen, torch.nn.Identity)


def test_the_published_auto_encoder() -> None:
    for music in ("plain", "dropout", "fc"):
        config = StyleConfig(music=music)
        encoder, decoder = MusicEncoder(config), MusicDecoder(config)
        kinds = [type(layer).__name__ for layer in encoder.layers]
        assert kinds.count("Conv2d") == kinds.count("BatchNorm2d") == 6
        assert kinds.count("ReLU") == 5
        assert kinds.count("Dropout") == (5 if music == "dropout" else 0)
        assert {layer.kernel_size for layer in encoder.layers if isinstance(layer, torch.nn.Conv2d)} == {(4, 4)}
        embedding = encoder(torch.rand(2, 1, 96, 25))
        assert embedding.shape == (2, 256)
        assert float(embedding.detach().min()) < 0.0
        assert decoder(embedding).shape == (2, 1, 96, 25)


def test_dense_layers_widen_and_narrow_again() -> None:
    net = StyleNetwork(StyleConfig(fusion="joints", **(SMALL | {"dense": (512, 1024, 2048, 4096)})), 4, EDGES, 2)
    widths = [layer.out_features for layer in net.bridges["joints"].layers if isinstance(layer, torch.nn.Linear)]
    assert widths == [512, 1024, 2048, 4096, 2048, 1024, 512, 256]


@pytest.mark.parametrize("fusion", ["joints", "limbs", "early", "late"])
def test_every_fusion_answers(fusion: str) -> None:
    torch.manual_seed(0)
    config = StyleConfig.model_validate({"fusion": fusion, **SMALL})
    net = StyleNetwork(config, 4, EDGES, 3)
    places = np.random.default_rng(0).normal(size=(5, 25, 4, 3)).astype(np.float32)
    seen = {n: torch.from_numpy(v) for n, v in features.streams(places, EDGES, config.streams).items()}
    moved = net.move(seen)
    assert moved.total.shape == (5, 3)
    assert moved.mean.shape == (5, 256)
    torch.testing.assert_close(moved.total, sum(moved.logits.values()))
    assert set(moved.logits) == ({"joints", "limbs"} if fusion == "late" else {fusion})


def test_a_class_read_from_the_sound_teaches_the_sound_nothing() -> None:
    net = StyleNetwork(StyleConfig(**SMALL), 4, EDGES, 3)
    net.hear(torch.rand(3, 1, 96, 25))[1].sum().backward()
    assert all(p.grad is None for p in net.encoder.parameters())
    assert net.music_head.weight.grad is not None


def test_the_graph_begins_as_the_body_and_is_learned() -> None:
    graph = adjacency(4, EDGES)
    assert graph.shape == (3, 4, 4)
    torch.testing.assert_close(graph[0], torch.eye(4))
    # The parent hears the mean of its children, a child its parent.
    torch.testing.assert_close(graph[1][:, 1], torch.tensor([0.0, 0.0, 0.5, 0.5]))
    torch.testing.assert_close(graph[2][:, 3], torch.tensor([0.0, 1.0, 0.0, 0.0]))
    layer = GraphConvolution(3, 8, graph)
    with torch.no_grad():
        layer.norm.weight.fill_(1.0)
    layer(torch.rand(4, 3, 25, 4)).square().sum().backward()
    assert float(layer.graph.grad.abs().sum()) > 0.0
    assert float(layer.share.grad.abs().sum()) > 0.0


def test_attention_can_raise_a_part_but_not_silence_it() -> None:
    layer = GraphConvolution(3, 8, adjacency(4, EDGES)).attention
    x = torch.rand(2, 8, 25, 4) + 0.1
    ratio = (layer(x) / x).detach()
    assert float(ratio.min()) > 1.0
    assert float(ratio.max()) < 8.0


def test_limbs_are_at_their_own_joint_and_with_parity_where_the_released_code_puts_them() -> None:
    places = np.arange(12.0).reshape(4, 3) ** 2
    right = features.limbs(places, EDGES)
    np.testing.assert_array_equal(right[0], np.zeros(3))
    for joint, parent in EDGES:
        np.testing.assert_allclose(right[joint], places[joint] - places[parent])
    slip = features.limbs(places, EDGES, parity=True)
    np.testing.assert_allclose(slip[0], places[1] - places[0])
    np.testing.assert_allclose(slip[2], places[3] - places[1])
    np.testing.assert_allclose(slip[3], places[3])


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"units": (4, 4)}, "units needs 6"),
        ({"kernel": 8}, "odd"),
        ({"dense": (0,)}, "dense"),
        ({"fusion": "never"}, "fusion"),
        ({"colour": 3}, "colour"),
    ],
)
def test_what_cannot_be_built_is_named(wrong: dict[str, object], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        StyleConfig(**wrong)  # type: ignore[arg-type]


def swaying(fps: float, seconds: float = 8.0) -> np.ndarray:
    times = np.arange(round(seconds * fps)) / fps
    rest = np.random.default_rng(0).normal(size=(1, 4, 3))
    return rest + 0.3 * np.sin(2.0 * np.pi * 0.6 * times)[:, None, None] * rest[:, ::-1]


@pytest.mark.parametrize("fps", [5.8, 18.0, 25.0, 60.0, 120.0])
def test_motion_is_the_same_whatever_it_was_captured_at(fps: float) -> None:
    names = ("left_upper_leg", "right_upper_leg", "head", "left_hand")
    seen = features.centred(features.poses(swaying(fps), fps, 0.12), names)
    best = features.centred(features.poses(swaying(1000.0), 1000.0, 0.12), names)
    assert abs(len(seen) - 200) <= 2  # five poses a second do not end with the eighth second
    # Ends apart, where the bell holds the first and the last pose.
    np.testing.assert_allclose(seen[15:180], best[15:180], atol=0.05)
    # Another place and another size are the same motion.
    moved = features.centred(3.0 * features.poses(swaying(fps), fps, 0.12) + 7.0, names)
    np.testing.assert_allclose(moved, seen, atol=1e-5)


def test_seconds_are_cut_end_to_end_and_a_short_motion_is_held() -> None:
    assert features.cut(np.zeros((60, 4, 3), np.float32)).shape == (2, 25, 4, 3)
    short = features.cut(np.arange(10, dtype=np.float32)[:, None])
    assert short.shape == (1, 25, 1)
    assert (short[0, 10:] == 9.0).all()


def test_the_spectrogram_is_on_the_motions_clock() -> None:
    sound = 1e-4 * np.random.default_rng(0).standard_normal(22050 * 3)
    sound[22050 * 2 : 22050 * 2 + 200] += 0.5
    heard = features.log_mel(sound, 22050)
    assert heard.shape == (75, 96)
    assert heard.min() >= 0.0
    assert heard.max() <= 1.0
    assert abs(int(heard.mean(axis=1).argmax()) - 50) <= 1
    assert features.music_segments(Audio(sound.astype(np.float32), 22050)).shape == (3, 1, 96, 25)
    assert np.isfinite(features.log_mel(np.zeros(100), 44100)).all()


def test_joints_that_a_body_lacks_are_the_nearest_above() -> None:
    body = skeleton_of("short", [("hips", None), ("left_upper_leg", "hips"), ("left_foot", "left_upper_leg")])
    motion = Motion(body, 25.0, np.random.default_rng(0).normal(size=(30, 3, 3)).astype(np.float32))
    found = features.places_of(motion, ["left_toes", "spine"])
    np.testing.assert_allclose(found[:, 0], motion.joint("left_foot"))
    np.testing.assert_allclose(found[:, 1], motion.joint("hips"))
    with pytest.raises(features.FeatureError, match="has no head, right_hand"):
        features.places_of(motion, ["head", "right_hand"])
    open_motion = Motion(body, 25.0, np.full((30, 3, 3), np.nan, np.float32))
    with pytest.raises(features.FeatureError, match="NaN"):
        features.places_of(open_motion, ["hips"])


def test_our_own_bodies_have_all_joints_of_the_shipped_config() -> None:
    config = read_config(MclemcdConfig, ROOT / "training" / "configs" / "mclemcd.yaml")
    skeleton = violinist.violinist_skeleton()
    motion = Motion(skeleton, 30.0, np.repeat(skeleton.rest_positions[None].astype(np.float32), 40, axis=0))
    assert features.motion_segments(motion, config.data.joints, 0.12).shape == (1, 25, 16, 3)
