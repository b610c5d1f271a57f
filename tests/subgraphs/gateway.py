"""A gateway for producers to believe in: it publishes keys over HTTP, and signs what a test wants signed."""

import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OKPKey


class Gateway:
    """The keys that a gateway publishes. `fetches` counts how often they were asked for."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.es256 = ECKey.generate_key("P-256", auto_kid=True)
        self.eddsa = OKPKey.generate_key("Ed25519", auto_kid=True)
        self.fetches = 0
        self.broken = False

    @property
    def jwks_url(self) -> str:
        return f"{self.url}/.well-known/jwks.json"

    def key_set(self) -> bytes:
        self.fetches += 1
        return b"<html>" if self.broken else json.dumps(KeySet([self.es256, self.eddsa]).as_dict()).encode()

    def claims(self, audience: str, subject: str, **changes: object) -> dict[str, Any]:
        """The claims of a good assertion with these changes; a change to None leaves the claim out."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": audience,
            "sub": subject,
            "client_id": "business-portal",
            "purpose": ["STARTING_RUNNING_AND_CLOSING_A_BUSINESS:starting-a-company"],
            "scope": "title updatedAt",
            "jti": str(uuid.uuid4()),
            "iat": now,
            "exp": now + 60,
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def assertion(self, audience: str, subject: str, **changes: object) -> str:
        """An assertion signed with ES256."""
        header = {"alg": "ES256", "kid": self.es256.kid}
        return jwt.encode(header, self.claims(audience, subject, **changes), self.es256)


@contextmanager
def serving_gateway() -> Iterator[Gateway]:
    """A gateway that serves its keys on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/.well-known/jwks.json"
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(gateway.key_set() if found else b"")

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        gateway = Gateway(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield gateway
        finally:
            server.shutdown()
            thread.join()
