# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in of AWX: the part of its API that sets it up, and what it makes of that when a job starts.

From AWX's public documentation of its API, its credential types, surveys, notifications and workflows, and from what
the modules of ``awx.awx`` 24.6.1 document. It is stricter where AWX is lenient: a field that AWX would ignore is an
error here.
"""
