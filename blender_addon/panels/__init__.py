# SPDX-FileCopyrightText: 2026 Cadenza authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sidebar of the 3D view, one module a section. They draw what is known and fetch nothing."""
