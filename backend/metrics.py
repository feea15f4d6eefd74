# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What a server counts, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.exposition import generate_latest

from backend.jobs import Job


class Metrics:
    """The counters of one server; several servers in one process count apart."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        self._jobs = Counter("cadenza_jobs", "Jobs that ended", ["state", "cached"], registry=self._registry)
        self._seconds = Histogram(
            "cadenza_job_seconds",
            "Seconds of work on a job",
            ["generator"],
            buckets=(0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800),
            registry=self._registry,
        )
        self._requests = Counter(
            "cadenza_requests", "Requests answered", ["method", "route", "status"], registry=self._registry
        )
        self._answers = Histogram(
            "cadenza_answer_seconds",
            "Seconds from a request to the beginning of its answer",
            ["method", "route"],
            registry=self._registry,
        )
        self._uploaded = Counter("cadenza_uploaded_bytes", "Bytes of sounds received", registry=self._registry)

    def watch_queue(self, counts: Callable[[], tuple[int, int]]) -> None:
        waiting = Gauge("cadenza_jobs_waiting", "Jobs that wait for a worker", registry=self._registry)
        running = Gauge("cadenza_jobs_running", "Jobs at work", registry=self._registry)
        waiting.set_function(lambda: counts()[0])
        running.set_function(lambda: counts()[1])

    def job_ended(self, job: Job) -> None:
        self._jobs.labels(job.status.state, str(job.status.cached).lower()).inc()
        if job.began:
            # Names of generators are those that are installed: there are few.
            self._seconds.labels(job.generator).observe(job.ended - job.began)

    def uploaded(self, size: int) -> None:
        self._uploaded.inc(size)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).inc()
        self._answers.labels(method, route).observe(seconds)

    def text(self) -> bytes:
        return generate_latest(self._registry)
