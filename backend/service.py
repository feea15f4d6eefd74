# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What the routes work with: the plug-ins, the sounds, the queue and the results of one server."""

from __future__ import annotations

import logging
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from backend.audio_files import check_sound
from backend.audio_store import AudioStore
from backend.chain import ImpossibleJob, check_job, check_recognition, steps_of
from backend.correction import check_correction
from backend.jobs import Job, JobQueue
from backend.messages import JobBody
from backend.metrics import Metrics
from backend.motion_file import read_motion
from backend.plugin_manager import load_plugins
from backend.problems import Problem
from backend.recommending import check_recommendation
from backend.results import Results, result_key
from backend.settings import Settings
from backend.shared_device import DeviceProcess
from backend.worker import Task, partial_path
from plugins.api import PROTOCOL_VERSION, AudioError, Component, JobStatus, Motion, MotionError

log = logging.getLogger("cadenza.server")


class Service:
    """Everything behind the routes."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.registry = load_plugins()
        for broken in self.registry.problems:
            log.warning("%s %s (%s): %s", broken.kind, broken.name, broken.package, broken.error)
        self.metrics = Metrics()
        self.sounds = AudioStore(settings.cache / "sounds", settings.cache_size, settings.max_upload)
        self.motions = AudioStore(settings.cache / "motions", settings.cache_size, settings.max_upload, "the motion")
        self._results_folder = settings.cache / "results"
        self.results = Results(self._results_folder, settings.cache_size)
        self.queue = JobQueue(settings, self._is_done, self._ended)
        self.metrics.watch_queue(lambda: self.queue.counts)
        self._own: tempfile.TemporaryDirectory[str] | None = None
        self._device: DeviceProcess | None = None

    def open(self) -> None:
        self._own = tempfile.TemporaryDirectory(prefix="cadenza-")
        if self._settings.shares_device:
            with_cpu = bool(self._settings.share_device)
            self._device = DeviceProcess(Path(self._own.name), with_cpu, self._settings.patience)
            self.queue.environment.update(self._device.environment)
        self.queue.start()

    def close(self) -> None:
        self.queue.close()
        if self._device is not None:
            self._device.close()
        if self._own is not None:
            self._own.cleanup()

    def submit(self, body: JobBody) -> Job:
        """Check a request down to the last step, and queue it.

        Raises:
            Problem: with the field that is wrong and what to do.
        """
        if body.version != PROTOCOL_VERSION:
            raise Problem(
                409,
                "protocol",
                f"the job speaks protocol {body.version}, this backend {PROTOCOL_VERSION}; "
                "install the same version of Cadenza on both sides",
                "version",
            )
        motion = self._motion(body)
        steps = self._check(body, motion)
        sound = self._sound(body)
        request: dict[str, Any] = body.model_dump(mode="json")
        number = self.queue.new_id()
        # What a library holds changes: its answers are not remembered.
        once = {"once": number} if body.recommender else {}
        key = result_key(request | once, self._settings.device, steps, self.registry)
        task = Task(
            job=number,
            body=request,
            audio=str(sound) if sound else None,
            device=self._settings.device,
            max_seconds=self._settings.max_seconds,
            key=key,
            results=str(self._results_folder),
            results_limit=self._settings.cache_size,
            partials=str(self._partials_of(number)),
            motion=str(self.motions.path(body.motion)) if body.motion else None,
        )
        made_by = "recognition" if body.recognize else body.corrector or body.recommender or body.generator
        with_motion = not body.recognize and not body.recommender
        job = Job(JobStatus(number, "queued", message="Waiting for a worker"), task, key, made_by, with_motion)
        return self.queue.submit(job)

    def motion(self, number: str) -> Path:
        job = self._finished(number)
        if not job.with_motion:
            raise Problem(409, "no-motion", "this job was to recognise, not to generate; ask for its annotations", "id")
        return self._kept(self.results.motion(job.key))

    def annotations(self, number: str) -> Path:
        return self._kept(self.results.annotations(self._finished(number).key))

    def partial(self, number: str, index: int | None = None) -> Path:
        """A partial result, the newest unless said; of a finished job the whole, so that nobody comes too late."""
        job = self.queue.get(number)
        count = job.status.partials
        if job.status.state == "finished" and count:
            return self.motion(number)
        path = partial_path(self._partials_of(number), count - 1 if index is None else index)
        if not count or not path.exists():
            raise Problem(409, "no-partial", "there is no such partial result; see the job's status", "id")
        return path

    def _check(self, body: JobBody, motion: Motion | None) -> list[Component]:
        try:
            job = replace(body.to_job(self._settings.device), motion=motion)
            if body.recommender:
                check_recommendation(self.registry, job, body, self._settings)
            elif body.corrector:
                check_correction(self.registry, replace(job, silent=body.audio is None))
            elif body.recognize:
                check_recognition(self.registry, job, body.recognize)
            else:
                check_job(self.registry, job)
            if body.recommender:
                return [self.registry.get("recommender", body.recommender)]
            return steps_of(self.registry, job, body.recognize)
        except ImpossibleJob as error:
            raise Problem(422, "impossible", str(error), error.field) from error
        except Exception as error:  # options are checked by code of the plug-ins
            log.warning("a plug-in failed while a job was checked", exc_info=error)
            why = f"a plug-in failed while the job was checked: {type(error).__name__}: {error}"
            raise Problem(422, "impossible", why, "options") from error

    def _sound(self, body: JobBody) -> Path | None:
        if body.audio is None:
            return None
        path = self.sounds.use(body.audio)
        if path is None:
            raise Problem(422, "no-sound", f"the sound is not here; send it first: PUT /v1/audio/{body.audio}", "audio")
        try:
            start, end = (None, None) if body.corrector else (body.start, body.end)
            check_sound(path, body.audio_name or "the sound", start, end, self._settings.max_seconds)
        except AudioError as error:
            raise Problem(422, "sound", str(error), "audio") from error
        return path

    def _motion(self, body: JobBody) -> Motion | None:
        if body.motion is None:
            return None
        path = self.motions.use(body.motion)
        if path is None:
            raise Problem(
                422, "no-motion", f"the motion is not here; send it first: PUT /v1/motions/{body.motion}", "motion"
            )
        try:
            longest = self._settings.max_seconds
            return read_motion(path, body.start, body.end, name="the motion", longest=longest, gaps=body.gaps)
        except (AudioError, MotionError) as error:
            raise Problem(422, "motion", str(error), "motion") from error

    def _finished(self, number: str) -> Job:
        job = self.queue.get(number)
        if job.status.state != "finished":
            raise Problem(409, "not-finished", f"the job is {job.status.state}; see its status", "id")
        return job

    def _kept(self, path: Path | None) -> Path:
        if path is None:
            raise Problem(410, "gone", "the result had to make room for others; submit the job again", "id")
        return path

    def _partials_of(self, number: str) -> Path:
        assert self._own is not None
        return Path(self._own.name) / number

    def _is_done(self, job: Job) -> bool:
        return self.results.has(job.key, job.with_motion)

    def _ended(self, job: Job) -> None:
        self.metrics.job_ended(job)
        shutil.rmtree(self._partials_of(job.status.id), ignore_errors=True)
