"""A supergraph of a portal, with the gateway in it: composed, and run, by Apollo's programs."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from graphql import REMOVE, DirectiveNode, Visitor, parse, print_ast, visit

PROGRAMS = Path(__file__).parent / "composition"

PORTAL = """
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
  type Query { favourites: [CaseGroup]! }
  type CaseGroup @key(fields: "id") { id: ID! colour: String }
"""
"""A group that is gone, or was never the caller's, is null among the favourites, for it has no title."""

START_SECONDS = 30.0
STOP_SECONDS = 10.0


def composed(node: str, **subgraphs: str) -> Any:
    """What Apollo's composition makes of these schemas: `supergraph`, and `errors` where there is none."""
    process = subprocess.run(
        [node, "compose.mjs"],
        cwd=PROGRAMS,
        input=json.dumps(subgraphs),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


def without_scopes(sdl: str) -> str:
    """The schema without the directives that Apollo Gateway, unlike Apollo's router, does not know and so refuses."""

    class WithoutScopes(Visitor):
        def enter_directive(self, node: DirectiveNode, *_: object) -> object:
            return REMOVE if node.name.value in {"authenticated", "requiresScopes"} else None

    return print_ast(visit(parse(sdl), WithoutScopes()))


@asynccontextmanager
async def running_router(node: str, supergraph: str, gateway: str, colours: dict[str, str]) -> AsyncIterator[str]:
    """The address of Apollo Gateway before the gateway at that address and the portal, which has these colours."""
    process = await asyncio.create_subprocess_exec(
        node,
        "router.mjs",
        cwd=PROGRAMS,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        what = {"supergraph": supergraph, "gateway": gateway, "portal": PORTAL, "colours": colours}
        process.stdin.write(json.dumps(what).encode() + b"\n")
        line = await asyncio.wait_for(process.stdout.readline(), START_SECONDS)
        if not line:
            raise RouterRefuses((await process.communicate())[1].decode())
        yield line.decode().strip()
    finally:
        process.stdin.close()
        try:
            await asyncio.wait_for(process.communicate(), STOP_SECONDS)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


class RouterRefuses(Exception):
    """Apollo Gateway does not start; the message is what it says."""
