"""The Starlette application: the one place where settings become objects and objects meet."""

from __future__ import annotations

import math
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TypedDict

import structlog
from aiohttp import ClientSession, DummyCookieJar
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from gateway.disclosure.grounds import Grounds
from gateway.disclosure.keeping import Keeping, gateway_record
from gateway.disclosure.operation import OperationRecord
from gateway.disclosure.recorder import Recorder
from gateway.disclosure.seals import SealingKey, read_sealing_key
from gateway.disclosure.visible import VisibleDisclosures
from gateway.errors import StoreUnavailable
from gateway.execution.documents import DocumentLimits, Documents
from gateway.groups.case_groups import CaseGroups
from gateway.groups.changes import GroupChanges
from gateway.groups.limits import GroupLimits
from gateway.groups.retention import Retention
from gateway.groups.sharing import Sharing
from gateway.groups.takeovers import Takeovers
from gateway.groups.visible import VisibleGroups
from gateway.http.graphql import GraphQLEndpoint
from gateway.http.health import live, public_keys, ready
from gateway.http.metrics import serving_metrics
from gateway.http.playground import playground_routes
from gateway.http.request_log import GRAPHQL, RequestLog
from gateway.http.request_log import HEADER as REQUEST_ID_HEADER
from gateway.http.services import Services
from gateway.http.shortcut import Shortcut
from gateway.identity.access_tokens import AccessTokens
from gateway.identity.authentication import Authentication
from gateway.identity.issuer_keys import IssuerKeys, is_address, jwks_reader
from gateway.identity.pseudonym_key_file import read_pseudonyms
from gateway.identity.pseudonyms import Pseudonyms
from gateway.key_files import KeyFileError
from gateway.metrics import Metrics
from gateway.model.caller import Caller
from gateway.model.connection import Environment
from gateway.model.replica import ReplicaId, ReplicaReport, new_replica_id
from gateway.policy.requirements import Requirements, read_requirements
from gateway.policy.statuses import StatusPolicy
from gateway.producers.addresses import AddressRules
from gateway.producers.assertion import CallerAssertions, read_signing_key
from gateway.producers.breaker import BreakerPolicy
from gateway.producers.case_lists import CaseLists
from gateway.producers.client import ProducerClient
from gateway.producers.connecting import Connector
from gateway.producers.connections import Connections
from gateway.producers.exchange import Exchange
from gateway.producers.guard import CallContext, Guard
from gateway.producers.limits import ProducerLimits
from gateway.producers.loader import StatusLoaders
from gateway.producers.overview import Overview
from gateway.producers.permitted import PermittedStatuses
from gateway.producers.reuse import ReusableAnswers
from gateway.producers.states import AvailabilityPolicy, ProducerStates
from gateway.schema.context import Context, MakeContext, RequestFacts
from gateway.schema.schema import build_schema, executable, printed
from gateway.settings import PREFIX, Settings, SettingsError
from gateway.store.background import in_the_background
from gateway.store.case_groups import CaseGroupStore
from gateway.store.disclosure_pages import DisclosurePages
from gateway.store.driver import Database, begin, connect, open_database
from gateway.store.notices import Notices
from gateway.store.registry import Registry
from gateway.store.replicas import Replicas

log = structlog.get_logger(__name__)

OpenServices = Callable[[Settings, "Keys"], AbstractAsyncContextManager[Services]]

KEEP_ALIVE_SECONDS = 4.0
"""Idle connections to producers are dropped before common servers drop them (5 s), so that none is found dead."""

GRAPHQL_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

NEEDED = ("mongodb_uri", "token_issuer", "token_jwks", "assertion_key_file", "pseudonym_key_file", "record_key_file")


@dataclass(frozen=True, slots=True)
class Keys:
    """The gateway's own keys, and whose certificates it believes producers."""

    pseudonyms: Pseudonyms
    assertions: CallerAssertions
    authorities: ssl.SSLContext
    sealing: SealingKey


class State(TypedDict):
    """What every request finds in its state."""

    services: Services


def create_app(
    settings: Settings,
    *,
    development_routes: Sequence[BaseRoute] = (),
    metrics_socket: socket.socket | None = None,
    services: OpenServices | None = None,
) -> ASGIApp:
    """The gateway as an ASGI application. `services` is the seam for what it is built on.

    `/metrics` is served on `metrics_socket`, which listens, and nowhere without it.
    `development_routes` are those of `gateway dev`; with them the playground offers its chooser of callers.
    Raises SettingsError when something the gateway needs is not set, or a key file cannot be used.
    """
    keys = _checked_keys(settings)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[State]:
        async with AsyncExitStack() as stack:
            opened = await stack.enter_async_context((services or open_services)(settings, keys))
            if metrics_socket is not None:
                await stack.enter_async_context(serving_metrics(opened.metrics, metrics_socket))
            yield {"services": opened}

    middleware = [Middleware(RequestLog)]
    if settings.allowed_origins:
        middleware.append(
            Middleware(
                CORSMiddleware,
                allow_origins=settings.allowed_origins,
                allow_methods=["GET", "POST"],
                allow_headers=["Authorization", "Content-Type", "Accept-Language", REQUEST_ID_HEADER, "traceparent"],
                expose_headers=[REQUEST_ID_HEADER, "WWW-Authenticate", "Retry-After"],
                max_age=600,
            )
        )
    graphql_endpoint = GraphQLEndpoint()
    routes = [
        Route(GRAPHQL, graphql_endpoint, methods=GRAPHQL_METHODS),
        Route("/health/live", live),
        Route("/health/ready", ready),
        Route("/.well-known/jwks.json", public_keys),
        *development_routes,
        *playground_routes(development=bool(development_routes)),
    ]
    application = Starlette(routes=routes, middleware=middleware, lifespan=lifespan)
    return Shortcut(
        application, path=GRAPHQL, methods=GRAPHQL_METHODS, endpoint=graphql_endpoint, middleware=middleware
    )


@asynccontextmanager
async def open_services(settings: Settings, keys: Keys) -> AsyncIterator[Services]:
    """Opens what lives as long as the application, and closes it again.

    Starts without a database, too: `/health/ready` says so, and the registry is read as soon as it is there.
    """
    assert settings.mongodb_uri and settings.token_issuer and settings.token_jwks  # noqa: PT018 - see _checked_keys
    replica, started_at = new_replica_id(), datetime.now(UTC)
    metrics = Metrics(replica)
    portal_schema = build_schema()
    schema = executable(portal_schema)
    requirements = read_requirements(printed(portal_schema), guard_introspection=settings.environment == "live")
    client = connect(settings.mongodb_uri.get_secret_value(), timeout=settings.mongodb_timeout)
    await begin(client)
    database = open_database(client, settings.mongodb_database)
    registry = Registry(database, Environment(settings.environment))
    pseudonyms = Pseudonyms(keys.pseudonyms.keys, lambda: registry.pseudonym_keys)
    try:
        await registry.read()
    except StoreUnavailable as exc:
        log.warning("gateway.started_without_database", address=settings.base_url, replica=replica, problem=exc.problem)
    else:
        log.info("gateway.started", address=settings.base_url, replica=replica, producers=len(registry.producers()))
    try:
        async with AsyncExitStack() as opened:
            await opened.enter_async_context(in_the_background(registry.keep_reading(settings.registry_interval)))
            # Opened before the rest, so closed after it: what is still under way is recorded.
            recorder = await opened.enter_async_context(
                gateway_record(database, _keeping(settings, keys.sealing), replica, metrics.record)
            )
            session = await opened.enter_async_context(ClientSession(cookie_jar=DummyCookieJar(), trust_env=False))
            issuer_keys = IssuerKeys(
                jwks_reader(settings.token_jwks, session),
                max_age=settings.token_jwks_max_age,
                min_interval=settings.token_jwks_min_interval,
            )
            await issuer_keys.read_ahead()
            audience = settings.token_audience or settings.base_url
            producer_states = _producer_states(settings, metrics)
            await opened.enter_async_context(
                Replicas(database).reporting(
                    partial(_report, replica, started_at, registry, producer_states), settings.replica_interval
                )
            )
            guard = Guard(
                Exchange(
                    await opened.enter_async_context(_producer_connections(settings, keys)),
                    https_only=settings.environment == "live",
                ),
                monotonic,
            )
            case_lists = CaseLists(guard, keys.assertions, producer_states, monotonic)
            producers = ProducerClient(
                guard,
                keys.assertions,
                producer_states,
                ReusableAnswers(settings.producer_reuse_max_bytes, monotonic),
                monotonic,
            )
            documents = Documents(
                schema,
                requirements,
                DocumentLimits(
                    characters=settings.document_max_characters,
                    tokens=settings.document_max_tokens,
                    depth=settings.document_max_depth,
                    root_fields=settings.document_max_root_fields,
                    fields=settings.document_max_fields,
                    aliases=settings.document_max_aliases,
                    comparisons=settings.document_max_comparisons,
                    cache_characters=settings.document_cache_characters,
                ),
                hit=metrics.document_hits.inc,
                missed=metrics.document_misses.inc,
                compiled=metrics.plans_compiled.inc,
                left=metrics.left_to_standard.inc,
            )
            _keep_gauges(metrics, producer_states, documents, registry)
            yield Services(
                schema=schema,
                documents=documents,
                authentication=Authentication(
                    AccessTokens(issuer_keys, issuer=settings.token_issuer, audience=audience),
                    registry,
                    pseudonyms,
                ),
                make_context=_context_maker(
                    settings, requirements, registry, database, producers, case_lists, producer_states, recorder
                ),
                registry=registry,
                pseudonyms=pseudonyms,
                issuer_keys=issuer_keys,
                database=database,
                metrics=metrics,
                public_keys=keys.assertions.jwks(),
                request_max_bytes=settings.request_max_bytes,
                operation_deadline=settings.operation_deadline,
            )
    finally:
        await client.close()


def _context_maker(
    settings: Settings,
    requirements: Requirements,
    registry: Registry,
    database: Database,
    producers: ProducerClient,
    case_lists: CaseLists,
    producer_states: ProducerStates,
    recorder: Recorder,
) -> MakeContext:
    store = CaseGroupStore(database)
    status_policy = StatusPolicy(lambda: registry.agreements)
    changes = GroupChanges(
        store,
        GroupLimits(
            cases_per_group=settings.group_max_cases,
            groups_per_subject=settings.subject_max_groups,
            read_permissions=settings.group_max_read_permissions,
            retention=timedelta(days=settings.group_retention_days),
            use_interval=timedelta(days=settings.group_use_interval_days),
            transfer_offer=timedelta(days=settings.transfer_offer_days),
            claim_waiting=timedelta(days=settings.claim_waiting_days),
        ),
    )
    retention = Retention(store, changes.limits)
    disclosure_pages = DisclosurePages(database)
    groups = CaseGroups(changes, registry.connected_producer)
    sharing = Sharing(changes, registry)
    takeovers = Takeovers(changes, Notices(database), registry)
    availability = producer_states.availability
    retention_warning = timedelta(days=settings.group_retention_warning_days)
    grounds = Grounds()
    page_max_size = settings.page_max_size

    def make_context(caller: Caller, facts: RequestFacts) -> Context:
        call = CallContext(
            caller=caller,
            accept_language=facts.accept_language,
            request_id=facts.request_id,
            trace_id=facts.trace_id,
            deadline=facts.deadline,
        )
        return Context(
            caller=caller,
            language=facts.language,
            request_id=facts.request_id,
            registry=registry,
            requirements=requirements,
            groups=groups,
            sharing=sharing,
            takeovers=takeovers,
            visible_groups=VisibleGroups(store, retention, caller),
            disclosures=VisibleDisclosures(disclosure_pages, caller),
            statuses=PermittedStatuses(
                caller.consumer,
                status_policy,
                StatusLoaders(producers, registry.connected_producer, call),
            ),
            overview=Overview(lambda: registry.agreements, case_lists, call),
            record=OperationRecord(recorder, grounds, caller, facts.request_id),
            availability=availability,
            retention_warning=retention_warning,
            page_max_size=page_max_size,
        )

    return make_context


def _keeping(settings: Settings, key: SealingKey) -> Keeping:
    return Keeping(
        key,
        write_seconds=settings.record_timeout,
        seal_records=settings.record_seal_records,
        seal_seconds=settings.record_seal_seconds,
        retention=timedelta(days=settings.record_retention_days),
    )


def _report(
    replica: ReplicaId, started_at: datetime, registry: Registry, producer_states: ProducerStates
) -> ReplicaReport:
    """What this replica has to say of itself now."""
    now = datetime.now(UTC)
    return ReplicaReport(
        id=replica,
        environment=registry.agreements.environment,
        started_at=started_at,
        at=now,
        producers=list(producer_states.seen(now)),
    )


def _keep_gauges(metrics: Metrics, producer_states: ProducerStates, documents: Documents, registry: Registry) -> None:
    """Has the metrics find out what holds when they are read."""
    metrics.refresh_by(producer_states.set_gauges)
    metrics.document_characters.set_function(lambda: documents.remembered_characters)
    metrics.registry_age.set_function(lambda: math.nan if registry.age is None else registry.age)


def _producer_connections(settings: Settings, keys: Keys) -> Connections:
    """Connections to producers, and to nothing else. How many there are at a time is `Capacity`'s business."""
    rules = AddressRules(settings.producer_networks, loopback=settings.environment == "test")
    return Connections(Connector(keys.authorities, rules.open_socket), keep_alive=KEEP_ALIVE_SECONDS)


def _producer_states(settings: Settings, metrics: Metrics) -> ProducerStates:
    return ProducerStates(
        ProducerLimits(
            connect_timeout=settings.producer_connect_timeout,
            deadline=settings.producer_deadline,
            max_batch=settings.producer_max_batch,
            max_connections=settings.producer_max_connections,
            max_wait=settings.producer_max_wait,
            max_response_bytes_per_100=settings.producer_max_response_bytes,
        ),
        AvailabilityPolicy(
            BreakerPolicy(
                window=settings.producer_window,
                min_requests=settings.producer_breaker_min_requests,
                failure_rate=settings.producer_breaker_failure_percent / 100,
                slow_rate=settings.producer_breaker_slow_percent / 100,
                open_seconds=settings.producer_breaker_open_seconds,
                probes=settings.producer_breaker_probes,
            ),
            slow_share=settings.producer_breaker_slow_after_percent / 100,
            retry_rate=settings.producer_retry_percent / 100,
            retry_reserve=settings.producer_retry_reserve,
        ),
        monotonic,
        metrics,
    )


def _checked_keys(settings: Settings) -> Keys:
    """The gateway's keys. Raises SettingsError with everything that keeps it from being run, told together."""
    problems = [
        f"Not set: {PREFIX}{name.upper()}. docs/settings.md says what it is for; `gateway dev` sets it itself."
        for name in NEEDED
        if getattr(settings, name) is None
    ]
    pseudonyms = signing_key = sealing_key = None
    with _collected(problems):
        if settings.pseudonym_key_file:
            pseudonyms = read_pseudonyms(settings.pseudonym_key_file, settings.pseudonym_key_id)
    with _collected(problems):
        if settings.assertion_key_file:
            signing_key = read_signing_key(settings.assertion_key_file)
    with _collected(problems):
        if settings.record_key_file:
            sealing_key = read_sealing_key(settings.record_key_file)
    with _collected(problems):
        if settings.mongodb_uri:
            connect(settings.mongodb_uri.get_secret_value(), timeout=settings.mongodb_timeout)  # as far as its address
    authorities = ssl.create_default_context()
    with _collected(problems):
        if settings.producer_ca_file:
            authorities.load_verify_locations(settings.producer_ca_file)
    if settings.token_jwks and not is_address(settings.token_jwks) and not Path(settings.token_jwks).is_file():
        problems.append(f"{PREFIX}TOKEN_JWKS names {settings.token_jwks!r}, which is not a file that can be read.")
    if pseudonyms is None or signing_key is None or sealing_key is None or problems:
        raise SettingsError("\n".join(problems))
    return Keys(pseudonyms, CallerAssertions(signing_key, settings.base_url), authorities, sealing_key)


@contextmanager
def _collected(problems: list[str]) -> Iterator[None]:
    """Adds to `problems` what is wrong with one setting, so that the others are looked at, too."""
    try:
        yield
    except KeyFileError as exc:
        problems.append(str(exc))
    except StoreUnavailable as exc:
        problems.append(f"{PREFIX}MONGODB_URI: {exc.problem}")
    except (OSError, ssl.SSLError) as exc:
        problems.append(f"{PREFIX}PRODUCER_CA_FILE cannot be read as certificates in PEM: {exc.strerror or exc}.")
