# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible's own sanity tests, on a copy of the tree, with nothing fetched but packages from the index."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tooling import tree
from tooling.paths import BUILD, HOME
from tooling.process import Failed, capture


def sanity(words: Sequence[str]) -> None:
    """Run ``ansible-test sanity`` with these arguments. Raise ``Failed`` also when it has looked at nothing."""
    _provide_pip()
    # A space in the path would stop ansible-test.
    with tempfile.TemporaryDirectory(prefix="sanity-", dir=None if " " in str(BUILD) else BUILD) as folder:
        copied = tree.copy(Path(folder))
        if ignored := sorted(path.name for path in copied.glob("tests/sanity/ignore*")):
            raise Failed(f"the collection makes no exceptions for itself, but there is {', '.join(ignored)}")
        text = capture(["ansible-test", "sanity", "--local", "--color", "no", *words], cwd=copied)
    if "All targets skipped" in text:
        raise Failed("ansible-test has looked at nothing, so this proves nothing")


def _provide_pip() -> None:
    """Put pip where ansible-test looks before it downloads a script from a place that not every network reaches."""
    cache = HOME / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    where = capture(["python", "-c", "import ansible_test; print(ansible_test.__path__[0])"]).strip()
    source = Path(where, "_internal", "python_requirements.py").read_text(encoding="utf-8")
    for version in sorted(set(re.findall(r"\bpip='([0-9.]+)'", source))):
        if not list(cache.glob(f"pip-{version}-*.whl")):
            capture(["python", "-m", "pip", "download", "--quiet", "--no-deps", "--dest", cache, f"pip=={version}"])
        script = cache / f"get_pip_{version.replace('.', '_')}.py"
        shutil.copyfile(Path(__file__).with_name("get_pip.py"), script)
