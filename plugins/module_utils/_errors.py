# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one family of exceptions: what went wrong, and what is known about it."""

from __future__ import annotations

from typing import Any


class DamError(Exception):
    """Something that the user has to know about.

    ``message`` is a sentence that says what was tried, what happened and what to do next. ``context`` holds what was
    learnt so far; it becomes part of the failed task's result, so it must be free of secrets and of bounded size.
    """

    def __init__(self, message: str, **context: Any) -> None:
        super().__init__(message)
        self.context = context

    @property
    def message(self) -> str:
        return str(self)


class OptionError(DamError):
    """An option's value cannot be used: the message names the option and what would be right."""


class UnknownSubscriber(OptionError):  # noqa: N818
    """The publisher has no such subscriber."""


class TargetHostChanged(OptionError):  # noqa: N818
    """A registration has another target host than the one that was given with its id."""


class Unreachable(DamError):  # noqa: N818 - read as a sentence where it is raised
    """No usable answer came: refused, reset, timed out, cut off, or TLS could not be agreed on.

    ``sent`` tells whether the request may have reached the server, so that its effect is unknown; ``final`` that
    trying again cannot help.
    """

    def __init__(self, message: str, *, sent: bool, final: bool = False, **context: Any) -> None:
        super().__init__(message, **context)
        self.sent = sent
        self.final = final


class TooLarge(Unreachable):
    """The answer is larger than any that is read."""


class ServerError(DamError):
    """The server answered, but not with what was asked for.

    ``status`` is the HTTP status; 200 stands for an answer whose body cannot be used.
    """

    def __init__(self, message: str, *, status: int, **context: Any) -> None:
        super().__init__(message, status=status, **context)
        self.status = status


def fate_unknown(error: DamError) -> bool:
    """True where a change that was sent may or may not have taken effect, or surely did not: looking settles both."""
    if isinstance(error, Unreachable):
        return not error.final
    return isinstance(error, ServerError) and error.status in (200, 500, 502, 503, 504)


class NotSupported(DamError):  # noqa: N818
    """The server's release has no such call."""


class TimedOut(DamError):  # noqa: N818
    """A wait ended before what was waited for; a timeout always fails the task."""
