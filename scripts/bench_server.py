# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A server under load: ``python scripts/bench_server.py [--minutes 3] [--clients 16] [--workers N]``.

Starts ``cadenza serve`` on loopback with an empty cache. Two clients each share a sound of 60 seconds.
Each client submits jobs one after the other, asks for their status every tenth of a second, and fetches
what comes out. Seeds are drawn from so few that most jobs are computed and some come from the cache.
Checked: no job is lost; motion of the same sound and seed is the same, byte for byte, whoever asked and
whether it was computed or kept; any two others differ; each holds 60 seconds. Measured: the time of a
status call, jobs a minute, and the memory of the server and its workers.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import soundfile

from backend.audio_files import read_audio
from plugins.api import Motion

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "minuet.flac"
SECONDS = 60.0
PAUSE = 0.1
SEEDS = 30


@dataclass
class Tally:
    """What all clients saw together."""

    status_calls: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    checksums: dict[tuple[str, int], set[str]] = field(default_factory=lambda: defaultdict(set))
    computed: int = 0
    cached: int = 0
    partials: int = 0
    wrong: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def sixty_seconds(number: int) -> bytes:
    """The example over and over, from another second on for each number, as FLAC."""
    audio = read_audio(EXAMPLE)
    samples = np.tile(audio.samples, 3)[number * audio.sample_rate :][: round(SECONDS * audio.sample_rate)]
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, audio.sample_rate, format="FLAC")
    return buffer.getvalue()


def client(number: int, address: str, sound: str, until: float, tally: Tally) -> None:
    """Submit, wait and fetch until time is up; the job under way is waited for."""
    chance = random.Random(number)
    with httpx.Client(base_url=address, timeout=120.0) as http:
        while time.monotonic() < until:
            seed = chance.randrange(SEEDS)
            begin = time.monotonic()
            answer = http.post("/v1/jobs", json={"audio": sound, "seed": seed})
            if answer.status_code != 201:
                tally.lost.append(f"not taken: {answer.text}")
                time.sleep(1.0)
                continue
            status = _wait(http, answer.json(), tally)
            with tally.lock:
                tally.waits.append(time.monotonic() - begin)
                tally.cached += status["cached"]
                tally.computed += not status["cached"]
                tally.partials += status["partials"] > 0
            if status["state"] == "finished":
                _check(http.get(f"/v1/jobs/{status['id']}/motion"), sound, seed, tally)
            else:
                tally.lost.append(f"{status['state']}: {status['error']}")


def _wait(http: httpx.Client, status: dict, tally: Tally) -> dict:
    while status["state"] in ("queued", "running"):
        time.sleep(PAUSE)
        begin = time.perf_counter()
        answer = http.get(f"/v1/jobs/{status['id']}")
        tally.status_calls.append(time.perf_counter() - begin)
        if answer.status_code != 200:
            return {**status, "state": "lost", "error": answer.text}
        status = answer.json()
    return status


def _check(answer: httpx.Response, sound: str, seed: int, tally: Tally) -> None:
    if answer.status_code != 200:
        tally.lost.append(f"no motion: {answer.text}")
        return
    checksum = hashlib.sha256(answer.content).hexdigest()
    with tally.lock:
        known = tally.checksums[sound, seed]
        if not known:
            motion = Motion.from_bytes(answer.content)
            if motion.provenance["seed"] != seed or abs(motion.duration - SECONDS) > 0.1:
                tally.wrong.append(f"seed {seed}: {motion.provenance['seed']}, {motion.duration} s")
        known.add(checksum)


def memory(process: int) -> dict[int, float]:
    """Megabytes that a process and its children hold for themselves, by process."""
    children = [int(n) for p in Path(f"/proc/{process}/task").glob("*/children") for n in p.read_text().split()]
    found = {}
    for number in (process, *children):
        try:
            pages = Path(f"/proc/{number}/statm").read_text().split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        found[number] = (int(pages[1]) - int(pages[2])) * os.sysconf("SC_PAGE_SIZE") / 1e6
    return found


def put(address: str, data: bytes) -> str:
    sound = hashlib.sha256(data).hexdigest()
    httpx.put(f"{address}/v1/audio/{sound}", content=data, timeout=60.0).raise_for_status()
    return sound


def run(address: str, process: int, clients: int, minutes: float) -> tuple[Tally, list[tuple[float, float, float]]]:
    """The tally, and (seconds, server's MB, workers' MB) over time."""
    sounds = [put(address, sixty_seconds(number)) for number in range((clients + 1) // 2)]
    tally, samples, begin = Tally(), [], time.monotonic()
    until = begin + 60.0 * minutes
    threads = [threading.Thread(target=client, args=(i, address, sounds[i // 2], until, tally)) for i in range(clients)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        held = memory(process)
        server = held.pop(process, 0.0)
        samples.append((time.monotonic() - begin, server, sum(held.values())))
        time.sleep(1.0)
    return tally, samples


def report(tally: Tally, samples: list[tuple[float, float, float]], clients: int, workers: int) -> bool:
    seconds = samples[-1][0]
    one = [c for c in tally.checksums.values() if len(c) > 1]
    checksums = [c for known in tally.checksums.values() for c in known]
    wrong = len(one) + len(tally.wrong) + (len(checksums) - len(set(checksums)))
    calls = np.array(tally.status_calls) * 1e3
    jobs = tally.computed + tally.cached
    print(f"{clients} clients, {workers} workers, {os.cpu_count()} cores, {seconds:.0f} s, jobs of {SECONDS:.0f} s\n")
    print("| what | figure |\n|---|---|")
    print(f"| jobs | {jobs} ({tally.computed} computed, {tally.cached} from the cache) |")
    print(f"| lost, wrong | {len(tally.lost)}, {wrong} |")
    print(f"| music a second | {tally.computed * SECONDS / seconds:.0f} s |")
    print(f"| from submitting to the result, median | {np.median(tally.waits):.1f} s |")
    print(f"| status call, median, p95, p99, most | {', '.join(f'{v:.1f}' for v in _quantiles(calls))} ms |")
    for part in (0.1, 0.4, 0.7, 1.0):
        at, server, workers_held = samples[min(int(part * len(samples)), len(samples) - 1)]
        print(f"| memory after {at:.0f} s: server, workers | {server:.0f}, {workers_held:.0f} MB |")
    for line in [*tally.lost[:5], *tally.wrong[:5]]:
        print(f"\n{line}")
    return not tally.lost and not wrong


def _quantiles(values: np.ndarray) -> list[float]:
    return [float(np.percentile(values, q)) for q in (50, 95, 99, 100)] if len(values) else [0.0] * 4


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 2) // 2))
    given = parser.parse_args()
    with socket.socket() as probe, tempfile.TemporaryDirectory() as folder:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        code = "from backend.cli import main; main()"
        command = ["serve", "--port", port, "--workers", given.workers, "--cache", folder]
        with open(Path(folder) / "log", "w") as log:
            server = subprocess.Popen([sys.executable, "-c", code, *map(str, command)], stderr=log)
            address = f"http://127.0.0.1:{port}"
            try:
                _until_it_answers(address)
                well = report(*run(address, server.pid, given.clients, given.minutes), given.clients, given.workers)
            finally:
                server.terminate()
                server.wait()
    sys.exit(0 if well else 1)


def _until_it_answers(address: str) -> None:
    for _ in range(600):
        try:
            httpx.get(f"{address}/healthz").raise_for_status()
            return
        except httpx.TransportError:
            time.sleep(0.1)
    sys.exit("the server did not start")


if __name__ == "__main__":
    main()
