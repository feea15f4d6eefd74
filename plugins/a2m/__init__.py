# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""A2M: a transformer that learns to play. Sound in, a musician's hands, instrument and head out."""
