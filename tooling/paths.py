# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where things are: everything that the tooling makes is in ``.build`` and ``.venv``, and git ignores both."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / ".build"
VENVS = ROOT / ".venv"
HOME = BUILD / "home"
REQUIREMENTS = ROOT / "tests" / "requirements"

NAMESPACE, NAME = "dxops", "dam_staging"
COLLECTION = Path("ansible_collections", NAMESPACE, NAME)
