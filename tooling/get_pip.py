# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Installs pip from the wheel beside this file; ansible-test starts it, as ``get_pip_<version>.py``."""

import sys
from pathlib import Path

here = Path(__file__).resolve()
version = here.stem.replace("get_pip_", "").replace("_", ".")
sys.path.insert(0, str(next(here.parent.glob(f"pip-{version}-*.whl"))))

from pip._internal.cli.main import main  # noqa: E402

sys.exit(main(["install", *(part for part in sys.argv[1:] if part not in {"--no-setuptools", "--no-wheel"})]))
