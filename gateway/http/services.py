"""What the endpoints use: made once when the application starts, found in the request's state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from graphql import GraphQLSchema
from starlette.requests import Request

from gateway.execution.documents import Documents
from gateway.identity.authentication import Authentication
from gateway.identity.issuer_keys import IssuerKeys
from gateway.identity.pseudonyms import Pseudonyms
from gateway.metrics import Metrics
from gateway.schema.context import MakeContext
from gateway.store.driver import Database
from gateway.store.registry import Registry


@dataclass(frozen=True, slots=True)
class Services:
    """The gateway's long-lived parts, as far as the edge needs them."""

    schema: GraphQLSchema
    documents: Documents
    authentication: Authentication
    make_context: MakeContext
    registry: Registry
    pseudonyms: Pseudonyms
    issuer_keys: IssuerKeys
    database: Database
    metrics: Metrics
    public_keys: dict[str, Any]
    request_max_bytes: int
    operation_deadline: float


def services_of(request: Request) -> Services:
    """The services that the application's lifespan opened."""
    return services_in(request.scope["state"])


def services_in(state: Mapping[str, Any]) -> Services:
    """The same, from the state of a request as ASGI has it."""
    return cast(Services, state["services"])
