# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What A2M costs on one CPU thread: ``python scripts/bench_a2m.py``.

- the paper's network (Full, with and without a score), batch of one clip of 16 s, features not
  counted: seconds of computing a second of motion, against 0.0033 of a plain port to torch;
- the shipped weights, where there are any: features, network, strokes and inverse kinematics
  for 60 s of sound;
- the memory that windows of longer and longer music take (the features themselves not counted);
- training, clips a second, against the same network from PyTorch's own modules; on a GPU also the part of its peak.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from plugins.a2m.config import CLIP, paper_config
from plugins.a2m.generator import A2M, WEIGHTS
from plugins.a2m.model import Network
from plugins.api import Audio, JobContext
from plugins.api.log_mel import FPS
from plugins.ik.step import InverseKinematics
from training.losses import compound_loss

PLAIN_PORT = 0.0033
PEAKS = {"H200": 989e12, "H100": 989e12, "A100": 312e12, "L4": 121e12}
"""Operations a second with bfloat16, dense, from the makers' data sheets."""


def median_seconds(work: Callable[[], object], runs: int = 9) -> float:
    work()
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return float(np.median(times))


def inference(score: bool) -> float:
    network = Network(paper_config("Full", score=score)).eval()
    audio, notes = torch.randn(1, CLIP, 128), torch.randn(1, CLIP, 10) if score else None
    with torch.inference_mode():
        return median_seconds(lambda: network(audio, notes)) / (CLIP / FPS)


class Plain(nn.Module):
    """The same network from PyTorch's own parts, eager, as anybody would write it first."""

    def __init__(self) -> None:
        super().__init__()
        config = paper_config("Full")
        self.audio, self.score = (nn.Conv1d(n, w, 11, padding=5) for n, w in ((128, 64), (10, 16)))
        self.places = nn.ParameterList(nn.Parameter(torch.zeros(CLIP, w)) for w in (64, 16))
        layers = [
            nn.TransformerEncoderLayer(config.width, config.heads, config.feed_forward, batch_first=True)
            for _ in range(12)
        ]
        self.main, self.branches = nn.Sequential(*layers[:3]), nn.ModuleList(map(_in_row, _threes(layers[3:])))
        self.dense = nn.ModuleList(nn.Linear(config.width, n) for n in (12, 12, 9))

    def forward(self, audio: torch.Tensor, score: torch.Tensor) -> torch.Tensor:
        embedded = [
            torch.relu(conv(x.transpose(1, 2)).transpose(1, 2)) + place
            for conv, x, place in zip((self.audio, self.score), (audio, score), self.places, strict=True)
        ]
        x = self.main(torch.cat(embedded, dim=-1))
        return torch.cat([d(b(x)) for b, d in zip(self.branches, self.dense, strict=True)], dim=-1)


def _in_row(layers: list[nn.Module]) -> nn.Sequential:
    return nn.Sequential(*layers)


def _threes(layers: list[nn.TransformerEncoderLayer]) -> list[list[nn.Module]]:
    return [list(layers[i : i + 3]) for i in range(0, len(layers), 3)]


def training_steps(network: nn.Module, device: str, batch: int, precision: torch.dtype) -> float:
    """Clips of 16 s a second, in training."""
    network.to(device).train()
    optimizer = torch.optim.Adam(network.parameters())
    audio, notes, true = (torch.randn(batch, CLIP, n, device=device) for n in (128, 10, 33))

    def step() -> None:
        with torch.autocast(device, precision, enabled=precision is not torch.float32):
            answer = network(audio, notes)
        compound_loss(answer.float(), true).backward()
        optimizer.step()
        optimizer.zero_grad()
        if device == "cuda":
            torch.cuda.synchronize()

    return batch / median_seconds(step, 5)


def training(device: str, batch: int, precision: torch.dtype = torch.float32) -> None:
    ours, plain = Network(paper_config("Full")), Plain()
    fast, slow = (training_steps(network, device, batch, precision) for network in (ours, plain))
    print(
        f"training on {device}, {precision}, batch of {batch}: {fast:.2f} clips of 16 s a second, "
        f"plain PyTorch modules {slow:.2f}: {fast / slow:.2f} x as fast"
    )
    if device == "cuda":
        with FlopCounterMode(display=False) as counter:
            ours(torch.randn(1, CLIP, 128, device=device), torch.randn(1, CLIP, 10, device=device))
        done = 3 * counter.get_total_flops() * fast  # backward is twice forward
        peak = next((p for name, p in PEAKS.items() if name in torch.cuda.get_device_name()), None)
        share = f", {done / peak:.1%} of the device's peak" if peak else ""
        print(f"    {done / 1e12:.1f} TFLOP/s{share}")


def memory_of(minutes: float) -> float:
    """Megabytes that a process of its own grows by while it plays so long."""
    work = (
        "import resource, sys, numpy as np, torch; torch.set_num_threads(1)\n"
        "from plugins.a2m.generator import A2M\nfrom plugins.api.log_mel import BANDS, FPS\n"
        "a = A2M(); a.load('cpu'); p = a._ready()\n"
        "list(p.pieces(np.zeros((400, BANDS), np.float32)))\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        f"heard = np.full((int({minutes} * 60 * FPS), BANDS), 0.5, np.float32)\n"
        "for piece in p.pieces(heard): pass\n"
        "print(max(0.0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before - heard.nbytes / 1024) / 1024)"
    )
    return float(subprocess.run([sys.executable, "-c", work], check=True, capture_output=True, text=True).stdout)


def whole_minute() -> float:
    generator = A2M()
    generator.load("cpu")
    t = np.arange(60 * 44100) / 44100
    sound = Audio((0.3 * np.sin(2 * np.pi * 440 * t) * np.sin(3 * t) ** 2).astype(np.float32), 44100)
    context = JobContext(fps=30.0)

    def work() -> None:
        motion = generator.generate(sound, generator.Options(), context)
        InverseKinematics().apply(motion, InverseKinematics.Options(), context)

    return median_seconds(work, 3)


def main() -> None:
    torch.set_num_threads(1)
    for score in (True, False):
        seconds = inference(score)
        print(
            f"Full, {'with a score' if score else 'sound alone'}: {seconds:.4f} s a second of motion "
            f"({PLAIN_PORT / seconds:.1f} x as fast as a plain port's {PLAIN_PORT})"
        )
    training("cpu", 4)
    if torch.cuda.is_available():
        for precision in (torch.float32, torch.bfloat16):
            training("cuda", 64, precision)
    if WEIGHTS.exists():
        print(f"60 s of sound to a whole body, shipped weights: {whole_minute():.2f} s")
        print(
            f"windows of 1, 5 and 20 minutes: memory grows by {memory_of(1):.0f}, {memory_of(5):.0f}, {memory_of(20):.0f} MB"
        )


if __name__ == "__main__":
    main()
