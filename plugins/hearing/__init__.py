# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Networks that hear beats, downbeats, phrases, dynamics and articulation, in sound, motion or both.

Not among the installed plug-ins yet: on steady music the weights that there was time to train are no better than the
tracker of ``beats`` (docs/recognition.md). ``cadenza-train recognition`` trains them.
"""
