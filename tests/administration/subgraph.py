"""A status subgraph over real HTTP that fits the contract until a test spoils it."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

CONTRACT = re.sub(
    r'^ *".*"\n\n?|^\n(?=  )',
    "",
    (Path(__file__).parents[2] / "subgraphs" / "contract.graphql").read_text(encoding="utf-8"),
    flags=re.MULTILINE,
)
"""Without its descriptions."""


@dataclass
class Subgraph:
    """What it serves; `cases` are by reference, and `raw` is answered in the place of everything else."""

    url: str = ""
    sdl: str = CONTRACT
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    entities: Any = None
    """What `_entities` answers in the place of what is right."""
    errors: list[dict[str, str]] = field(default_factory=list)
    asked: list[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=list)

    def answer(self, body: dict[str, Any]) -> bytes:
        if self.raw is not None:
            return self.raw
        if "_service" in body["query"]:
            return json.dumps({"data": {"_service": {"sdl": self.sdl}}}).encode()
        references = [one["reference"] for one in body["variables"]["representations"]]
        right = [{"reference": reference, "status": None} for reference in references]
        entities = right if self.entities is None else self.entities
        return json.dumps(
            {"data": {"_entities": entities}, **({"errors": self.errors} if self.errors else {})}
        ).encode()


@contextmanager
def serving_subgraph() -> Iterator[Subgraph]:
    """A subgraph on a free port of 127.0.0.1."""
    subgraph = Subgraph()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            subgraph.asked.append((dict(self.headers), body))
            content = subgraph.answer(body)
            self.send_response(subgraph.status)
            for name, value in subgraph.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        subgraph.url = f"http://127.0.0.1:{server.server_address[1]}/graphql"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield subgraph
        finally:
            server.shutdown()
            thread.join()
