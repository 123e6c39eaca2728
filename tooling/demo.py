# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The main job on the stand-in, for a person to watch."""

from __future__ import annotations

from tooling.process import Failed


def show(core: str | None) -> None:
    raise Failed("not yet")
