"""`gateway dev` with the real supervisor and the real embedded database, but fake producers and a fake gateway.

    python fake_gateway_dev.py [--gateway=OPTIONS] [--tax-agency=OPTIONS] [--node-producer[=MISSING]]

OPTIONS are given on to the fake server, as one string; the settings come from the environment. There is a producer in
Node when one is asked for, as fake as the others, and it cannot be run when something is said to be missing.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from rich.console import Console

from gateway.development.programs import PRODUCERS, Producer
from gateway.development.stack import run_development_stack
from gateway.settings import load_settings

FAKE_SERVER = (sys.executable, str(Path(__file__).with_name("fake_server.py")))


async def initialise(uri: str) -> list[str]:
    """Changes nothing, and says it did."""
    return [f"made {name}" for name in ("one", "two", "three", uri)]


def main() -> int:
    """The exit code of the stack."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--gateway", default="")
    parser.add_argument("--tax-agency", default="")
    parser.add_argument("--node-producer", nargs="?", const="")
    options = parser.parse_args()
    missing = options.node_producer
    node_producer = Producer("in-node", "in-node", "red", FAKE_SERVER, missing=lambda: missing or None)
    extra = {"tax-agency": options.tax_agency.split()}
    producers = [Producer(one.id, one.label, one.colour, (*FAKE_SERVER, *extra.get(one.id, ()))) for one in PRODUCERS]
    return asyncio.run(
        run_development_stack(
            load_settings(),
            Console(),
            gateway_command=[*FAKE_SERVER, *options.gateway.split()],
            initialise=initialise,
            producers=producers,
            node_producer=None if missing is None else node_producer,
        )
    )


if __name__ == "__main__":
    sys.exit(main())
