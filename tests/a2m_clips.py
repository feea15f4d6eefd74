# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Small folders of clips: one in which the bow's path can be heard (louder where it is faster), and one in which a
pianist's hands are where the sound is high or low."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from training.datasets.markers import JOINTS

FPS = 40
SPLITS = ("train", "train", "valid", "test_piece")


def write_clips(folder: Path, seconds: float = 12.0, splits: tuple[str, ...] = SPLITS, seed: int = 0) -> Path:
    """A violinist's clips of as many recordings as splits; answers with the folder."""
    rng = np.random.default_rng(seed)
    frames = round(seconds * FPS)
    audio, score, joints = [], [], []
    for i in range(len(splits)):
        hair = _hair(frames, rng)
        speed = np.abs(np.gradient(hair)) * FPS
        bands = np.exp(-((np.arange(128) - 40.0 - 10.0 * i) ** 2) / 200.0)
        audio.append(np.clip(speed[:, None] * bands + 0.02 * rng.random((frames, 128)), 0.0, 1.0))
        score.append(np.concatenate([np.ones((frames, 1)), rng.random((frames, 9))], axis=1))
        joints.append(_joints(hair, rng))
    return _save(folder, "violin", splits, audio, score, joints)


def write_piano_clips(folder: Path, seconds: float = 12.0, splits: tuple[str, ...] = SPLITS, seed: int = 0) -> Path:
    """A pianist's clips: both hands go to and fro, each with a band of sound of its own."""
    rng = np.random.default_rng(seed)
    frames = round(seconds * FPS)
    audio, score, joints = [], [], []
    for _ in splits:
        across = [0.4 * np.sin(np.arange(frames) / FPS * rng.uniform(0.8, 1.6) + rng.uniform(0, 6)) for _ in range(2)]
        body = _piano_joints(across, rng)
        bands = [np.arange(128) - (32 + 64 * h) + 50.0 * path[:, None] for h, path in enumerate(across)]
        audio.append(0.9 * sum(np.exp(-(band**2) / 30.0) for band in bands))
        score.append(rng.random((frames, 10)))
        joints.append(body)
    return _save(folder, "piano", splits, audio, score, joints)


def with_hearing(folder: Path, seed: int = 0) -> Path:
    """The same clips with what networks that hear read besides: a key begins on every beat; answers with the folder."""
    score = np.load(folder / "score.npy", allow_pickle=False)
    rng = np.random.default_rng(seed)
    keys = rng.integers(0, 20, (len(score), 176)).astype(np.uint8)
    keys[score[:, 1] > 0.5, 40] = 250
    np.save(folder / "keys.npy", keys)
    np.save(folder / "levels.npy", (-40.0 + 6.0 * rng.random((len(score), 16))).astype(np.float16))
    np.save(folder / "markers.npy", rng.normal(0.0, 0.2, (len(score), 22, 3)).astype(np.float16))
    return folder


def _piano_joints(across: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Metres from the hips: a seated body whose arms follow the hands; no violin, no bow."""
    out = 0.001 * rng.normal(size=(len(across[0]), len(JOINTS), 3))
    place = {name: i for i, name in enumerate(JOINTS)}
    rest = {"lower_arm": (0.8, 0.0, 0.22), "hand": (1.0, -0.34, 0.20), "index_proximal": (1.0, -0.42, 0.21)}
    out[:, place["neck"]] += [0.0, -0.05, 0.5]
    out[:, place["head"]] += [0.0, -0.08, 0.6]
    for side, path, middle in zip(("left", "right"), across, (0.2, -0.2), strict=True):
        for joint, (share, y, z) in rest.items():
            out[:, place[f"{side}_{joint}"]] += np.stack([share * (middle + path), 0 * path + y, 0 * path + z], axis=-1)
    for prop in ("violin_end", "violin_scroll", "bow_frog", "bow_tip"):
        out[:, place[prop]] = np.nan
    return out


def _save(
    folder: Path,
    instrument: str,
    splits: tuple[str, ...],
    audio: list[np.ndarray],
    score: list[np.ndarray],
    joints: list[np.ndarray],
) -> Path:
    frames = len(audio[0])
    rows = [
        {
            "piece": f"piece{i}",
            "performer": f"vn{i:02d}",
            "trial": "01",
            "instrument": instrument,
            "split": split,
            "frames": frames,
            "offset": i * frames,
        }
        for i, split in enumerate(splits)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "audio.npy", np.concatenate(audio).astype(np.float16))
    np.save(folder / "score.npy", np.concatenate(score).astype(np.float32))
    np.save(folder / "joints.npy", np.concatenate(joints).astype(np.float32))
    (folder / "clips.json").write_text(json.dumps(rows))
    (folder / "card.json").write_text(json.dumps({"instrument": instrument, "recordings": len(rows)}))
    return folder


def _hair(frames: int, rng: np.random.Generator) -> np.ndarray:
    """Strokes of 0.4 to 0.9 s, down and up in turn."""
    knots, places = [0], [0.1]
    while knots[-1] < frames:
        knots.append(knots[-1] + int(rng.integers(16, 36)))
        places.append(rng.uniform(0.35, 0.5) if len(places) % 2 else rng.uniform(0.08, 0.2))
    at = np.arange(frames)
    i = np.searchsorted(knots, at, side="right") - 1
    part = (at - np.array(knots)[i]) / np.diff(knots)[i]
    begin, end = np.array(places)[i], np.array(places)[i + 1]
    return begin + (end - begin) * 0.5 * (1 - np.cos(np.pi * part))


def _joints(hair: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Metres from the hips: a violin that lies still, a bow across it, arms that follow."""
    body = np.random.default_rng(7).normal(0.0, 0.3, (len(JOINTS), 3))
    out = body + 0.001 * rng.normal(size=(len(hair), len(JOINTS), 3))
    place = {name: i for i, name in enumerate(JOINTS)}
    end, scroll = np.array([0.1, -0.2, 0.5]), np.array([0.35, -0.7, 0.55])
    middle, along = (end + scroll) / 2, np.array([0.9, 0.43, 0.0]) / np.hypot(0.9, 0.43)
    out[:, place["hips"]] = 0.0
    out[:, place["violin_end"]], out[:, place["violin_scroll"]] = end, scroll
    out[:, place["bow_frog"]] = middle - hair[:, None] * along
    out[:, place["bow_tip"]] = out[:, place["bow_frog"]] + 0.65 * along
    for joint in ("right_hand", "right_index_proximal"):
        out[:, place[joint]] = out[:, place["bow_frog"]] + [-0.05, 0.02, 0.05]
    return out
