# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Trains and measures MoMu: music and motion in one latent space."""
