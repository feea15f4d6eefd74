# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""``cadenza-train evaluate``: figures, plots and a film of trained weights."""
