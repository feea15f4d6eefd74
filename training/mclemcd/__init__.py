# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: MIT
"""Training of the style embedding of dances (MCLEMCD), and its figures."""
