# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write the role's variables for the connection options, after a change of their specification or documentation.

``python3 dev.py run python tests/support/role_options.py`` renews the parts of two files between ``BEGIN`` and ``END``.
The variable for ``hostname`` is written by hand, since the inventory can name the publisher too.
"""

from __future__ import annotations

import re
import sys
import textwrap
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
ROLE = ROOT / "roles" / "dam_consistency"
ARGUMENT_SPECS = ROLE / "meta" / "argument_specs.yml"
CONNECTION = ROLE / "tasks" / "connection.yml"
BEGIN = "# Begin of what tests/support/role_options.py writes\n"
END = "# End of what tests/support/role_options.py writes\n"


class _Dumper(yaml.SafeDumper):
    """Indents lists, as yamllint wants it."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, False)


def variable(option: str) -> str:
    """Return the name of the role's variable for a connection option."""
    return f"dam_consistency_{option.removeprefix('dx_')}"


def renewed(path: Path) -> str:
    """Return the text of one of the two files as it has to be."""
    text = path.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _old, end, after = rest.partition(END)
    indent = before.rpartition("\n")[2]
    new = textwrap.indent(_arguments() if path == ARGUMENT_SPECS else _module_defaults(), indent)
    return f"{before}{begin}{new}{indent}{end}{after}"


def _arguments() -> str:
    """Return the variables for ``argument_specs.yml``, with the texts of the documentation fragment."""
    from ansible_collections.dxops.dam_staging.plugins.doc_fragments._connection import ModuleDocFragment
    from ansible_collections.dxops.dam_staging.plugins.module_utils._module.options import connection_spec

    spec = connection_spec()
    arguments = {}
    for option, documented in yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"].items():
        texts = [re.sub(r"\bO\((\w+)", lambda name: f"O({variable(name[1])}", one) for one in documented["description"]]
        if "default" in documented:  # the module's, not the role's
            texts.append(f"The default is V({str(documented['default']).lower()}).")
        kind = {key: documented[key] for key in ("type", "elements", "choices") if key in documented}
        secret = {"no_log": True} if spec[option].get("no_log") else {}
        arguments[variable(option)] = {**kind, **secret, "description": texts}
    del arguments[variable("hostname")]
    return yaml.dump(arguments, Dumper=_Dumper, sort_keys=False, width=110)


def _module_defaults() -> str:
    """Return the lines of ``connection.yml`` that give the variables to the modules.

    An empty variable counts as not given, but false and 0 count as given if they are values of the option.
    """
    from ansible_collections.dxops.dam_staging.plugins.module_utils._module.options import LIMITS, connection_spec

    spec = connection_spec()
    del spec["hostname"]
    written = ""
    for option, rules in spec.items():
        environment = [f"lookup('ansible.builtin.env', '{name}') or " for name in rules.get("fallback", (None, []))[1]]
        empty = "" if rules["type"] == "bool" or LIMITS.get(option, (1, 1))[0] == 0 else ", true"
        written += f'{option}: "{{{{ {variable(option)} | default({"".join(environment)}omit{empty}) }}}}"\n'
    return written


def main() -> None:
    sys.path.insert(0, str(ROOT / ".build"))
    for path in (ARGUMENT_SPECS, CONNECTION):
        path.write_text(renewed(path), encoding="utf-8")


if __name__ == "__main__":
    main()
