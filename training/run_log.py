# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""What a run of training tells: a line of JSON for each report, the same for people, and TensorBoard's scalars."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from plugins.api.checkpoint import write_whole
from training.whole_files import whole_lines

LOG: Final = "log.jsonl"
BOARD: Final = "tensorboard"


class RunLog:
    """The log in a run's folder.

    Args:
        step: the run goes on from here; what was logged after it happens again.
        writes: only one of several processes does.
        board: whether TensorBoard's files are written too; without the package the log alone is, and says so.
    """

    def __init__(self, folder: Path, step: int, *, writes: bool = True, board: bool = False) -> None:
        self._path, self._writes = folder / LOG, writes
        self._board: Any = None
        if not writes:
            return
        folder.mkdir(parents=True, exist_ok=True)
        kept = []
        if self._path.exists() and step:
            kept = [json.dumps(row) for row in whole_lines(self._path) if row.get("step", 0) <= step]
        write_whole(self._path, "".join(f"{line}\n" for line in kept).encode())
        if board:
            self._board = _board(folder / BOARD, step)

    def __call__(self, step: int, **values: Any) -> None:
        if not self._writes:
            return
        with self._path.open("a") as file:
            file.write(json.dumps({"step": step, **values}) + "\n")
        told = "  ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in values.items())
        _say(f"step {step}  {told}")
        if self._board is not None:
            for key, value in values.items():
                if isinstance(value, float):
                    self._board.add_scalar(key, value, step)

    def close(self) -> None:
        if self._board is not None:
            self._board.close()


def _board(folder: Path, step: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        _say(f"no tensorboard here (pip install 'cadenza[training]'); {LOG} has everything")
        return None
    return SummaryWriter(str(folder), purge_step=step + 1 if step else None)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
