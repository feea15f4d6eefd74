# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an operator ends that cannot do what it was asked: told below the window, and kept in the panel."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from .. import jobs
from ..applying import ApplyError
from ..audio_source import SourceError
from ..character_files import CharacterError
from ..client import BackendError
from ..core.annotations import AnnotationError
from ..core.motion import MotionError
from ..corrections import CorrectionError
from ..option_schema import OptionError
from ..orders import OrderError
from ..rig.body import RigError
from ..rig.bone_map import BoneMapError
from ..rig.capture import CaptureError
from ..takes import TakeError

EXPECTED: Final = (
    AnnotationError,
    ApplyError,
    BackendError,
    BoneMapError,
    CaptureError,
    CharacterError,
    CorrectionError,
    MotionError,
    OptionError,
    OrderError,
    RigError,
    SourceError,
    TakeError,
    OSError,
)
"""Errors whose own words tell the animator what to do."""


def refuse(operator: Any, error: Exception) -> set[str]:
    """Tell an expected error; the operator's result."""
    message, hint = (error.message, error.hint) if isinstance(error, BackendError) else (_words(error), "")
    jobs.refuse(operator.bl_label, message, hint, getattr(operator, "section", "generate"))
    operator.report({"ERROR"}, str(error) if hint else message)
    return {"CANCELLED"}


def _words(error: Exception) -> str:
    """Of the system's errors without their number."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{Path(os.fsdecode(error.filename)).name}: {error.strerror}"
    return str(error)
