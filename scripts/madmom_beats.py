# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Beats and downbeats by madmom, as JSON, for ``cadenza-train evaluate-recognition --madmom PYTHON``.

Runs in a Python of its own, because madmom 0.16.1 (S. Böck et al., 2016; its models may not be used commercially) needs
numpy before 1.24 and, on Python 3.11, patches: ``collections.abc.MutableSequence``, ``float`` for ``np.float``.
"""

from __future__ import annotations

import json
import sys
import time
import warnings

import numpy as np
import soundfile
from scipy.signal import resample_poly

RATE = 44100


def main() -> None:
    warnings.simplefilter("ignore")
    from madmom.audio.signal import Signal
    from madmom.features import beats, downbeats

    rnn, dbn = beats.RNNBeatProcessor(), beats.DBNBeatTrackingProcessor(fps=100)
    joint_rnn = downbeats.RNNDownBeatProcessor()
    joint_dbn = downbeats.DBNDownBeatTrackingProcessor(beats_per_bar=[2, 3, 4], fps=100)
    for path in sys.argv[1:]:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        mono = resample_poly(samples.mean(axis=1), RATE, rate).astype(np.float32)
        signal = Signal(np.clip(mono, -1.0, 1.0), sample_rate=RATE, num_channels=1)
        began = time.process_time()
        alone = dbn(rnn(signal))
        between = time.process_time()
        joint = np.asarray(joint_dbn(joint_rnn(signal))).reshape(-1, 2)
        taken = {"rnn": between - began, "joint": time.process_time() - between}
        found = {
            "rnn_beats": np.asarray(alone).tolist(),
            "joint_beats": joint[:, 0].tolist(),
            "joint_downbeats": joint[joint[:, 1] == 1, 0].tolist(),
            "cpu_seconds": taken,
        }
        print(json.dumps(found))


if __name__ == "__main__":
    main()
