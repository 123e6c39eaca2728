# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that a developer of this collection does. Needs Python 3.11 or newer and git, nothing else.

usage: python3 dev.py [--core VERSION] COMMAND ...
       python3 dev.py COMMAND --help

--core asks for a minor version of ansible-core, 2.16 say, not the newest. The commands are the sessions of noxfile.py:
"""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "dev.py needs Python 3.11 or newer, and this is %d.%d: try another one, say python3.12 dev.py"
        % sys.version_info[:2]
    )

import ast
import os

from tooling import environments, tree
from tooling.paths import ROOT
from tooling.process import Failed, environment


def commands() -> dict[str, str]:
    """Return the names of the sessions and their docstrings, without nox, which may not be installed."""
    parsed = ast.parse((ROOT / "noxfile.py").read_text(encoding="utf-8"))
    sessions = [node for node in parsed.body if isinstance(node, ast.FunctionDef) and node.decorator_list]
    return {node.name.rstrip("_"): ast.get_docstring(node) or "" for node in sessions}


def main(words: list[str]) -> None:
    """Show help, or start a session in place of this process."""
    known, core = commands(), ""
    if words[:1] == ["--core"]:
        core, words = "".join(words[1:2]), words[2:]
    if not words or words[0] in ("-h", "--help"):
        listed = "\n".join(f"  {name:<10} {text.splitlines()[0]}" for name, text in known.items())
        print(f"{__doc__}\n{listed}")
    elif words[0] not in known:
        raise Failed(f"dev.py: no such command: {words[0]}; there are: {', '.join(known)}")
    elif words[1:2] in (["-h"], ["--help"]):
        print(known[words[0]])
    else:
        tree.prepare()
        made = environments.ensure("nox")
        command = [made.python, "-m", "nox", "--noxfile", ROOT / "noxfile.py", "--session", words[0], "--", *words[1:]]
        own = {name: value for name, value in os.environ.items() if words[0] == "run" and name.startswith("DX_")}
        variables = environment(made.bin, own) | {"DEV_CORE": core}
        os.execve(made.python, list(map(str, command)), variables)  # noqa: S606


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except PermissionError as problem:
        sys.exit(f"dev.py: {problem}. The checkout has to be writable for you: clone it yourself.")
