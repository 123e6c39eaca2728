# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where things are: everything that the tools make is in ``.build`` and ``.venv``, and git ignores both."""

import hashlib
import os
import pwd
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / ".build"
HOME = BUILD / "home"
REQUIREMENTS = ROOT / "tests" / "requirements"

VENVS = ROOT / ".venv"
if " " in str(ROOT):
    # ansible-core 2.16 puts the interpreter's path into a shell command without quotes.
    VENVS = Path(
        pwd.getpwuid(os.getuid()).pw_dir, ".cache", "dam_staging", hashlib.sha256(bytes(ROOT)).hexdigest()[:12]
    )

COLLECTION = Path("ansible_collections", "dxops", "dam_staging")
