# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Networks that hear beats, downbeats, phrases, dynamics and articulation, in sound, motion or both."""
