"""Health, for load balancers, and the gateway's public keys, for producers."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse

from gateway.http.services import services_of
from gateway.store.driver import is_reachable


async def live(_: Request) -> JSONResponse:
    """200 while the process answers at all."""
    return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


async def ready(request: Request) -> JSONResponse:
    """200 with the database reachable, registry and issuer's keys read, and the right pseudonym keys; otherwise 503.

    The answer says which of them it is that does not hold.
    """
    services = services_of(request)
    checks = {
        "database": await is_reachable(services.database),
        "registry": services.registry.is_read,
        "issuerKeys": services.issuer_keys.are_read,
        "pseudonymKeys": services.pseudonyms.problem is None,
    }
    is_ready = all(checks.values())
    return JSONResponse(
        {"status": "ok" if is_ready else "unavailable", "checks": checks},
        status_code=200 if is_ready else 503,
        headers={"Cache-Control": "no-store"},
    )


async def public_keys(request: Request) -> JSONResponse:
    """The JWKS that producers verify the caller assertion with (RFC 7517)."""
    return JSONResponse(services_of(request).public_keys, headers={"Cache-Control": "public, max-age=300"})
