"""`gateway grant explain`: field by field, what a consumer's query would read from whom, and what is missing."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from graphql import DocumentNode, GraphQLError, GraphQLSchema

from gateway.administration.grants import read_purposes
from gateway.administration.plans import Json, Refused
from gateway.administration.running import AsJson, Desk, looked_up, print_json
from gateway.administration.views import list_table, show
from gateway.execution.documents import DocumentLimits, Documents
from gateway.execution.errors import RequestRejected
from gateway.model.caller import ConsumerId
from gateway.model.grant import Grant
from gateway.settings import load_settings

if TYPE_CHECKING:
    from gateway.administration.explanation import Asked, Opened
    from gateway.policy.requirements import Requirements

LONGEST = 262_144
"""Characters of a query."""

NOT_ALL_IS_SAID = (
    "This is what the consumer may read in its own case groups. In a group of another consumer the end user may permit "
    "less; and the producer alone decides what it discloses."
)


def explain(
    consumer: Annotated[str, typer.Option(help="Who would ask: a consumer's id.")],
    query: Annotated[Path, typer.Option(metavar="FILE", allow_dash=True, help="A GraphQL document; - reads it here.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(help="A scope of its access tokens; without any, what is needed is told. Several times."),
    ] = None,
    purpose: Annotated[
        list[str] | None,
        typer.Option(
            metavar="AREA[:EVENT]",
            help="The purpose of the case group. Several times; unset: those of the consumer's grants.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say field by field what a query would read from whom, and which grant allows it or what is missing."""
    from gateway.administration.explanation import asked, selected  # noqa: PLC0415 - other commands start without
    from gateway.policy.requirements import read_requirements  # noqa: PLC0415
    from gateway.schema.schema import build_schema, executable, printed  # noqa: PLC0415

    async def look_up(desk: Desk) -> Json:
        connection = desk.agreed.consumer(consumer).consumer.connection
        agreements = desk.agreed.at(desk.moment, connection.environment)
        problems: list[str] = []
        purposes = list(read_purposes(purpose or [], problems))
        if problems:
            raise Refused(*problems)
        portal_schema = build_schema()
        schema = executable(portal_schema)
        requirements = read_requirements(printed(portal_schema), guard_introspection=True)
        chosen = selected(_document(query, schema, requirements), schema, requirements)
        asking = ConsumerId(consumer)
        token = [_opened_view(one, frozenset(scope) if scope else None) for one in chosen.opened]
        closed = [str(one["path"]) for one in token if one["met"] is False]
        return {
            "consumer": consumer,
            "environment": connection.environment.value,
            "connected": asking in agreements.consumers,
            "token": token,
            "producers": [_asked_view(one, closed) for one in asked(chosen.statuses, agreements, asking, purposes)],
        }

    found = looked_up(look_up)
    if as_json:
        print_json(found)
    else:
        _print(found)


def _document(file: Path, schema: GraphQLSchema, requirements: Requirements) -> DocumentNode:
    """The document in `file`, within a gateway's limits. Raises Refused, naming the place of every fault."""
    settings = load_settings()
    try:
        text = sys.stdin.read(LONGEST + 1) if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as exc:
        raise Refused(f"--query {file} cannot be read: {exc}.") from exc
    if len(text) > LONGEST:
        raise Refused(f"--query {file} is longer than {LONGEST} characters.")
    limits = DocumentLimits(
        characters=settings.document_max_characters,
        tokens=settings.document_max_tokens,
        depth=settings.document_max_depth,
        root_fields=settings.document_max_root_fields,
        fields=settings.document_max_fields,
        aliases=settings.document_max_aliases,
        comparisons=settings.document_max_comparisons,
        cache_characters=0,
    )
    try:
        return Documents(schema, requirements, limits).prepare(text, requirements.known_scopes).whole
    except RequestRejected as exc:
        raise Refused(*(f"--query {file}{_place(error)}: {error.message}" for error in exc.errors)) from exc


def _place(error: GraphQLError) -> str:
    return "".join(f", line {at.line} column {at.column}" for at in (error.locations or [])[:1])


def _opened_view(opened: Opened, held: frozenset[str] | None) -> Json:
    alternatives = sorted(sorted(alternative) for alternative in opened.required)
    met = None if held is None else any(held.issuperset(alternative) for alternative in alternatives)
    return {"path": opened.path, "scopes": alternatives, "met": met}


def _asked_view(one: Asked, closed: Sequence[str]) -> Json:
    """What would be asked; nothing where the token does not open the way to the status (`closed` paths)."""
    outcome = one.refusal.value if one.refusal else "ASKED"
    if any(one.path == path or one.path.startswith(f"{path}.") for path in closed):
        outcome = "NOT_OPENED"
    return {
        "path": one.path,
        "producer": one.producer,
        "caseType": one.case_type,
        "purpose": str(one.purpose),
        "outcome": outcome,
        "fields": [
            {
                "path": field.path,
                "field": field.name,
                "read": outcome == "ASKED" and field.missing is None,
                "grants": [_grant_view(grant) for grant in field.grants],
                "missing": field.missing,
            }
            for field in one.fields
        ],
    }


def _grant_view(grant: Grant) -> Json:
    return {"id": grant.id, "legalBasis": grant.legal_basis}


def _print(found: Any) -> None:
    if not found["connected"]:
        show(f"The consumer {found['consumer']} is not connected now: it would be told nothing at all.")
    show(
        list_table(
            [
                {
                    "field": one["path"],
                    "needs the scope": " or ".join(" and ".join(scopes) for scopes in one["scopes"]),
                    "is there": "not said" if one["met"] is None else one["met"],
                }
                for one in found["token"]
            ],
            ["field", "needs the scope", "is there"],
            title="What the access token must have",
        )
    )
    for one in found["producers"]:
        said = "is asked" if one["outcome"] == "ASKED" else f"is not asked ({one['outcome']})"
        show(
            list_table(
                [
                    {
                        "field": field["path"],
                        "read": field["read"],
                        "by the grant": [f"{grant['id']} ({grant['legalBasis']})" for grant in field["grants"]] or None,
                        "missing": field["missing"],
                    }
                    for field in one["fields"]
                ],
                ["field", "read", "by the grant", "missing"],
                title=f"{one['producer']}, {one['caseType']}, {one['purpose']}: {said}",
            )
        )
    show(NOT_ALL_IS_SAID)
