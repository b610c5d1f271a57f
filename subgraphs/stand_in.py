"""A stand-in for the gateway, to try a producer with: `python -m subgraphs.stand_in`.

It publishes a key of its own and signs whatever caller assertion it is asked for. That is no danger to anyone: the key
lives as long as the process, and only a producer that was started with `--gateway` at this address trusts it.
"""

import time
import uuid
from typing import Annotated

import structlog
import typer
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from subgraphs.reference.request_log import configure_log
from subgraphs.reference.serving import AddressTaken, listen, serve

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()

LIFETIME_SECONDS = 60


def create_app(issuer: str) -> Starlette:
    """The stand-in with a new key, signing as `issuer`.

    `GET /.well-known/jwks.json` has the public key; `GET /assertion?audience=…&subject=…` gives an assertion as text.
    """
    key = ECKey.generate_key("P-256", auto_kid=True)

    async def jwks(_: Request) -> Response:
        return JSONResponse(KeySet([key]).as_dict())

    async def assertion(request: Request) -> Response:
        asked = request.query_params
        if missing := [name for name in ("audience", "subject") if not asked.get(name)]:
            return PlainTextResponse(f"Say {' and '.join(missing)} in the query string.\n", status_code=400)
        now = int(time.time())
        claims: jwt.Claims = {
            "iss": issuer,
            "aud": asked["audience"],
            "sub": asked["subject"],
            "client_id": asked.get("consumer", "business-portal"),
            "purpose": [asked.get("purpose", "STARTING_RUNNING_AND_CLOSING_A_BUSINESS:starting-a-company")],
            "scope": asked.get("scope", "title updatedAt"),
            "jti": str(uuid.uuid4()),
            "iat": now,
            "exp": now + LIFETIME_SECONDS,
        }
        if actor := asked.get("actor"):
            claims["act"] = {"sub": actor}
        return PlainTextResponse(jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key))

    return Starlette(routes=[Route("/.well-known/jwks.json", jwks), Route("/assertion", assertion)])


def main(
    port: Annotated[int, typer.Option(help="The port on 127.0.0.1 to listen on; 0 takes a free one.")] = 8090,
) -> None:
    """Stand in for the gateway: publish a key, and sign caller assertions to try a producer with."""
    configure_log()
    try:
        listener = listen("127.0.0.1", port)
    except AddressTaken as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(1) from exc
    issuer = f"http://127.0.0.1:{listener.getsockname()[1]}"
    serve(create_app(issuer), listener, on_ready=lambda url: log.info("ready", stands_in_for="gateway", url=url))


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    app()
