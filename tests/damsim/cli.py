# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from damsim import server, tls
from damsim.names import parse_release
from damsim.options import Options
from damsim.seeds import large
from damsim.settings import Settings


def main(arguments: list[str] | None = None) -> int:
    """Run a command; its exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "seed":
            large.make(options.folder, options.records, options.mismatches, tuple(options.kinds))
        else:
            _serve(options)
    except (OSError, ValueError) as error:
        print(f"damsim: {error}", file=sys.stderr)
        return 1
    return 0


def _serve(options: argparse.Namespace) -> None:
    files = tls.Files(options.cert, options.key, options.ca) if options.cert else None
    server.run(
        Options(
            seed=options.seed,
            env=options.env,
            publishers=options.publishers,
            subscribers=options.subscribers,
            host=options.host,
            publisher_port=options.publisher_port,
            subscriber_ports=tuple(options.subscriber_port),
            distinct_hosts=options.distinct_hosts,
            peers=tuple(options.peer),
            two_way=options.two_way,
            ready_file=options.ready_file,
            tls_files=files,
            tls=options.tls,
            tls_dir=options.tls_dir,
            parent_pid=options.parent_pid,
            settings=Settings(speed=options.speed, release=options.release),
        )
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="damsim", description="A stand-in for HCL DX digital asset management.")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="run environments")
    serve.add_argument("--seed", default="small", help="small, clean, acceptance, or a folder made by 'seed'")
    serve.add_argument("--env", choices=("both", "publisher", "subscriber"), default="both")
    serve.add_argument("--publishers", type=int, default=1, metavar="N", help="each with subscribers of its own")
    serve.add_argument("--subscribers", type=int, default=1, metavar="N")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--publisher-port", type=int, default=0)
    serve.add_argument("--subscriber-port", type=int, action="append", default=[], help="one, counted up from; or each")
    serve.add_argument("--distinct-hosts", action="store_true", help="127.0.0.1, 127.0.0.2, … on one port")
    serve.add_argument("--peer", action="append", default=[], metavar="URL", help="the other process's environments")
    serve.add_argument("--two-way", action="store_true", help="subscribers have the publisher as their subscriber")
    serve.add_argument("--ready-file", type=Path)
    serve.add_argument("--tls", action="store_true", help="HTTPS with an authority of its own")
    serve.add_argument("--tls-dir", type=Path, help="where to write that authority (implies --tls)")
    serve.add_argument("--cert", type=Path)
    serve.add_argument("--key", type=Path)
    serve.add_argument("--ca", type=Path, help="trusted for --cert between the environments")
    serve.add_argument("--speed", type=float, default=1.0, metavar="X", help="simulated seconds per second")
    serve.add_argument("--release", default="CF229", type=lambda text: f"CF{parse_release(text)}")
    serve.add_argument("--parent-pid", type=int, help="end when that process is gone")
    seed = commands.add_parser("seed", help="make a large seed")
    seed.add_argument("folder", type=Path)
    seed.add_argument("--records", type=int, required=True)
    seed.add_argument("--mismatches", type=int, required=True)
    seed.add_argument("--kinds", nargs="+", choices=large.KINDS, default=list(large.KINDS))
    return parser
