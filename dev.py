# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The developer's one command: ``python3 dev.py --help``. Needs Python 3.11 or newer and git, nothing else."""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "dev.py needs Python 3.11 or newer, and this is %d.%d: try another one, say python3.12 dev.py"
        % sys.version_info[:2]
    )

from tooling.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
