# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation as a site in ``.build/docs``: the modules' reference and the guides, with every link followed."""

from __future__ import annotations

import html.parser
import re
import shutil
import urllib.parse
from pathlib import Path

from tooling import environments
from tooling.paths import BUILD, NAME, NAMESPACE, ROOT
from tooling.process import Command, Failed, attempt, capture, say

SITE = BUILD / "docs"
SETTINGS = Path(__file__).with_name("docsite") / "conf.py"
# A reference into documentation that is not built here, such as that of ansible.builtin: its site is not asked for it.
_ELSEWHERE = re.compile(rf"WARNING: .*\bansible_collections\.(?!{NAMESPACE}\.{NAME}\.)[\w.]+")
# Labels of Ansible's own guides to which the generated pages refer.
_LABELS = ("action_plugins", "ansible_configuration_settings", "common_return_values")
_OF_ANSIBLE = re.compile(
    rf"WARNING: (undefined label: '?({'|'.join(_LABELS)})'?( \[ref\.ref\])?$|'envvar' reference .*: ANSIBLE_\w+)"
)


def docs() -> Path:
    """Build the site; return its first page. Raise ``Failed`` for a warning of ours and a link that leads nowhere."""
    made = environments.ensure("docs")
    env = environments.variables(made)
    source, built = SITE / "rst", SITE / "html"
    shutil.rmtree(SITE, ignore_errors=True)
    source.mkdir(parents=True)
    source.chmod(0o755)  # antsibull-docs wants to be the only one who writes
    init: Command = [made.bin / "antsibull-docs", "sphinx-init", "--use-current", "--squash-hierarchy", "--lenient"]
    capture([*init, "--dest-dir", SITE, f"{NAMESPACE}.{NAME}"], env)
    shutil.copyfile(SETTINGS, SITE / "conf.py")
    collect: Command = [made.bin / "antsibull-docs", "--config-file", SITE / "antsibull-docs.cfg", "collection"]
    collect = [*collect, "--cleanup", "everything", "--fail-on-error", "--use-current", "--squash-hierarchy"]
    capture([*collect, "--dest-dir", source, f"{NAMESPACE}.{NAME}"], env, SITE)
    sphinx: Command = [made.bin / "sphinx-build", "-q", "--no-color", "-b", "html", "-c", SITE, source, built]
    code, text = attempt(sphinx, env, SITE)
    if code:
        raise Failed(f"sphinx-build ended with {code}:\n{text}")
    warnings = [line for line in text.splitlines() if re.search(r"\b(WARNING|ERROR|CRITICAL):", line)]
    ours = own(warnings)
    dead = dead_links(built)
    if ours or dead:
        raise Failed("\n".join(["the site is not good:", *ours, *dead]))
    first = built / "index.html"
    pages = len(list(built.rglob("*.html")))
    say(f"{first.relative_to(ROOT)}: {pages} pages; {len(warnings)} references lead into other documentation")
    return first


def own(warnings: list[str]) -> list[str]:
    """Return the warnings that are not about references into other documentation."""
    return [line for line in warnings if not _ELSEWHERE.search(line) and not _OF_ANSIBLE.search(line)]


class _Page(html.parser.HTMLParser):
    """The places in a page that can be linked to, and where it links to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element's id and what it refers to."""
        found = dict(attrs)
        self.anchors |= {value for name in ("id", "name") if (value := found.get(name))}
        for name in ("href", "src"):
            if (tag, name) != ("base", "href") and (value := found.get(name)):
                self.links.append(value)


def dead_links(site: Path) -> list[str]:
    """Return every link inside the site to a page, a place in a page or a file that is not there."""
    pages = {path: _Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    dead = []
    for path, page in pages.items():
        for link in dict.fromkeys(page.links):
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else path
            if not target.exists():
                dead.append(f"{path.relative_to(site)}: {link} is not there")
            elif parts.fragment and target in pages and parts.fragment not in pages[target].anchors:
                dead.append(f"{path.relative_to(site)}: {link}: the page has no such place")
    if not pages:
        dead.append("there are no pages")
    return dead
