# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The execution environment as ansible-builder sees it, and its Python requirements in use."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.connections import role_connection
from support.standin import StandIn
from tooling import tree
from tooling.paths import COLLECTION, ROOT
from tooling.process import environment


def builder(*arguments: str, cwd: Path) -> str:
    """Run ansible-builder of the test environment and return what it wrote."""
    program = Path(sys.executable).with_name("ansible-builder")
    done = subprocess.run(
        [str(program), *arguments],
        env=environment(program.parent),
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_definition_makes_a_context_with_the_collection_in_it(tmp_path: Path) -> None:
    version = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"]
    tarball = f"dxops-dam_staging-{version}.tar.gz"
    shutil.copy(ROOT / "execution-environment.yml", tmp_path)
    (tmp_path / tarball).write_bytes(b"the tarball")
    builder(
        "create",
        "--file",
        "execution-environment.yml",
        "--context",
        "context",
        "--output-filename",
        "Containerfile",
        cwd=tmp_path,
    )
    build = tmp_path / "context" / "_build"
    assert (build / "collections" / tarball).read_bytes() == b"the tarball"
    wanted = yaml.safe_load((build / "requirements.yml").read_text(encoding="utf-8"))
    assert wanted == {"collections": [{"name": f"collections/{tarball}", "type": "file"}]}
    recipe = (tmp_path / "context" / "Containerfile").read_text(encoding="utf-8")
    for part in (
        "ansible-galaxy collection install",
        "introspect.py introspect",
        "ansible-core>=2.16",
        "ansible-runner>=2.4",
    ):
        assert part in recipe.replace('"', ""), part


@pytest.fixture(scope="module")
def introspected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What ansible-builder finds in the collection as it is installed: Python and system requirements."""
    folder = tmp_path_factory.mktemp("ee")
    tree.copy(folder)
    for needless in ("tests", "tooling", ".git"):
        shutil.rmtree(folder / COLLECTION / needless)
    text = builder("introspect", str(folder), cwd=folder)
    found = yaml.safe_load(text[text.index("---") :])
    origin = "# from collection dxops.dam_staging"
    assert all(line.endswith(origin) for lines in found.values() for line in lines)
    return {kind: [line.partition("#")[0].strip() for line in lines] for kind, lines in found.items()}


def test_what_the_collection_needs_is_introspected_from_it(introspected: dict[str, list[str]]) -> None:
    own = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert introspected["python"] == [line for line in own if line and not line.startswith("#")]
    assert introspected["system"] == ["openssh-client [platform:dpkg]", "openssh-clients [platform:rpm]"]


@pytest.mark.slow
def test_modules_run_with_nothing_but_the_introspected_requirements(
    damsim: StandIn, run_playbook: Any, introspected: dict[str, list[str]], tmp_path: Path
) -> None:
    place = tmp_path / "python"
    venv.create(place, with_pip=True)
    subprocess.run(
        [
            str(place / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            *introspected["python"],
        ],
        check=True,
        timeout=300,
    )
    facts = {**role_connection(damsim), "ansible_python_interpreter": str(place / "bin" / "python")}
    env = {"DX_USERNAME": damsim.username, "DX_PASSWORD": damsim.password}
    run = run_playbook("status.yml", inventory={"publisher": facts}, env=env)
    assert run.rc == 0, run.output
    assert damsim.requests()
    # And they are what ran: without them there is a plain word of what is missing.
    bare = tmp_path / "bare"
    venv.create(bare, with_pip=False)
    facts["ansible_python_interpreter"] = str(bare / "bin" / "python")
    failed = run_playbook("status.yml", inventory={"publisher": facts}, env={"DX_USERNAME": "x", "DX_PASSWORD": "y"})
    assert failed.rc != 0
    assert "requests" in failed.output
