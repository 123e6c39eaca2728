# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading answers from the wire: a head that was cut is an error, and head and body have to come within a limit."""

from __future__ import annotations

import http.client
import io
import ssl
from collections.abc import Callable
from functools import partial
from typing import Any


class CutHead(http.client.HTTPException):
    """The connection ended before the head of the answer was whole.

    No ``ConnectionError``, for which the standard library closes the connection at once; urllib3 then takes a proxy in
    between for one that was never reached.
    """


class _Watched(io.RawIOBase):
    """The bytes of one answer as they come."""

    def __init__(self, file: Any, in_time: Callable[[], None]) -> None:
        super().__init__()
        self._file = file
        self._in_time = in_time
        self.in_head = True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._in_time()
        size: int = self._file.raw.readinto(buffer)
        if not size and self.in_head:
            raise CutHead("the connection was closed before the head of the answer was whole")
        return size

    def close(self) -> None:
        self._file.close()
        super().close()


class WholeAnswer(http.client.HTTPResponse):
    """An answer whose reading calls ``in_time`` before it waits for more bytes, to raise where it took too long."""

    def __init__(self, in_time: Callable[[], None], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._watched = _Watched(self.fp, in_time)
        self.fp = io.BufferedReader(self._watched)

    def begin(self) -> None:
        super().begin()
        self._watched.in_head = False


def watch(adapter: Any, in_time: Callable[[], None]) -> None:
    """Have the connections of an adapter of ``requests`` read their answers so, those by way of a proxy included."""
    proxy_manager_for = adapter.proxy_manager_for
    adapter.proxy_manager_for = lambda *args, **kwargs: _watched(proxy_manager_for(*args, **kwargs), in_time)
    _watched(adapter.poolmanager, in_time)


def _watched(manager: Any, in_time: Callable[[], None]) -> Any:
    pools = {}
    for scheme, pool in manager.pool_classes_by_scheme.items():
        if isinstance(pool.ConnectionCls.response_class, type):  # not ours yet
            plain = pool.ConnectionCls
            ours = {"response_class": staticmethod(partial(WholeAnswer, in_time)), "send": _to_the_last(plain.send)}
            connection = type(plain.__name__, (plain,), ours)
            pools[scheme] = type(pool.__name__, (pool,), {"ConnectionCls": connection})
    manager.pool_classes_by_scheme = {**manager.pool_classes_by_scheme, **pools}
    return manager


def _to_the_last(plain: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """Sending that leaves what the server said before it hung up to be read.

    With TLS 1.3 it says only after the handshake that it wants a client certificate. urllib3 reads on after a broken
    pipe, but not after the name that TLS has for one.
    """

    def send(self: Any, data: Any) -> None:
        try:
            plain(self, data)
        except ssl.SSLEOFError as error:
            raise BrokenPipeError(str(error)) from None

    return send
