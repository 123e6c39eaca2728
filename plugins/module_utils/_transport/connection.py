# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where an environment is, and how to authenticate there."""

from __future__ import annotations

from dataclasses import dataclass

from .address import DEFAULT_PORTS
from .authentication import Authentication


@dataclass(frozen=True)
class Connection:
    """Where an environment is and how to authenticate there; secrets stay out of its ``repr``.

    ``verify`` is True, False or the path of a CA bundle; ``timeout`` is in seconds.
    """

    hostname: str
    protocol: str
    dam_port: int
    ring_port: int
    authentication: Authentication
    dam_version: str = "v1"
    ring_version: str = "v1"
    verify: bool | str = True
    client_cert: str | None = None
    client_key: str | None = None
    timeout: float = 30.0
    retries: int = 3

    def _base(self, port: int, path: str) -> str:
        host = f"[{self.hostname}]" if ":" in self.hostname else self.hostname
        where = "" if port == DEFAULT_PORTS[self.protocol] else f":{port}"
        return f"{self.protocol}://{host}{where}/dx/api/{path}"

    @property
    def addresses(self) -> list[str]:
        """``host:port`` of the two APIs, the DAM API's first."""
        host = f"[{self.hostname}]" if ":" in self.hostname else self.hostname
        return [f"{host}:{port}" for port in (self.dam_port, self.ring_port)]

    @property
    def dam_url(self) -> str:
        return self._base(self.dam_port, f"dam/{self.dam_version}")

    @property
    def ring_url(self) -> str:
        return self._base(self.ring_port, f"core/{self.ring_version}")
