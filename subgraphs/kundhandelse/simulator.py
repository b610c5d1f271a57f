"""A producer that speaks the national kundhändelse interface, to try the adapter with, and to test it against.

`python -m subgraphs.kundhandelse.simulator` serves the events of `events.json`. It is written from the table of
docs/kundhandelse.md, and can be told to be slow, to fail, and to fail for some cases alone.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from subgraphs.kundhandelse.events import is_below
from subgraphs.kundhandelse.questions import LARGEST_BATCH, LARGEST_PAGE
from subgraphs.kundhandelse.upstream import OPERATION
from subgraphs.reference.language import choose_language
from subgraphs.reference.request_log import configure_log
from subgraphs.reference.serving import AddressTaken, listen, serve

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()

LANGUAGES = ("sv", "en")
EVENTS = Path(__file__).with_name("events.json")
LONGEST_CORRELATION_ID = 200


class Refused(Exception):
    """A question that the interface does not answer: the HTTP status, and why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Asked:
    """One question that came in."""

    headers: Mapping[str, str]
    body: dict[str, Any]


@dataclass
class Simulation:
    """What the producer holds, and how it behaves.

    `events` are as the interface has them, each with the `part` it belongs to; a text may be given by language.
    """

    events: list[dict[str, Any]]
    producer: str = "Testköpings kommun"
    api_key: str | None = None
    seconds: float = 0.0
    """How long every answer takes."""

    status: int | None = None
    """The HTTP status of every answer, with an error in it; None: answers as it should."""

    retry_after: str | None = None
    """The Retry-After of every answer that is an error."""

    failing: dict[str, int] = field(default_factory=dict)
    """The cases that some system behind it cannot tell of, by reference, each with its HTTP status; answers are 206."""

    asked: list[Asked] = field(default_factory=list)

    under_way: int = 0
    most_under_way: int = 0
    """How many questions it is about to answer, and the most that it ever was."""

    def app(self) -> Starlette:
        """The producer as an application."""
        return Starlette(routes=[Route(OPERATION, self._answer, methods=["POST"])])

    async def _answer(self, request: Request) -> Response:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(self.seconds)
            self._let_in(request)
            body = await _body(request)
            self.asked.append(Asked(dict(request.headers), body))
            if self.status is not None:
                raise Refused(self.status, HTTPStatus(self.status).phrase)
            language = choose_language(request.headers.get("accept-language"), LANGUAGES)
            return self._events_for(body["fraga"], language)
        except Refused as exc:
            headers = {} if self.retry_after is None else {"Retry-After": self.retry_after}
            return JSONResponse({"message": str(exc)}, status_code=exc.status, headers=headers)
        finally:
            self.under_way -= 1

    def _let_in(self, request: Request) -> None:
        if self.api_key is not None and request.headers.get("x-api-key") != self.api_key:
            raise Refused(401, "Unauthorized")
        correlation_id = request.headers.get("skv_client_correlation_id", "")
        if not (0 < len(correlation_id) <= LONGEST_CORRELATION_ID and correlation_id.isprintable()):
            raise Refused(400, "skv_client_correlation_id saknas eller är fel")

    def _events_for(self, question: dict[str, Any], language: str) -> Response:
        entries, rows = [], []
        for part in question["parter"]:
            found = [event for event in self.events if _matches(event, part, question)]
            code = max(
                (self.failing[reference] for event in found if (reference := _case(event)) in self.failing), default=200
            )
            row = {
                "producent": self.producer,
                "part": part,
                "status": "OK" if code == HTTPStatus.OK else "FEL",
                "httpCode": code,
            }
            rows.append(row)
            if code == HTTPStatus.OK:
                entries.append(self._entry(part, found, question.get("behandling") or {}, language))
        failed = any(row["httpCode"] != HTTPStatus.OK for row in rows)
        content = {"kundhandelser": entries, "metadata": question, "delfragor": rows}
        return JSONResponse(content, status_code=206 if failed else 200)

    def _entry(
        self, part: object, found: list[dict[str, Any]], treatment: dict[str, Any], language: str
    ) -> dict[str, Any]:
        rising = any(sorting["stigande"] for sorting in treatment.get("sortering") or [])
        found = sorted(found, key=lambda event: datetime.fromisoformat(event["tidpunkt"]), reverse=not rising)
        paging = treatment.get("paginering") or {"offset": 0, "limit": len(found)}
        page = found[paging["offset"] : paging["offset"] + paging["limit"]]
        return {
            "part": part,
            "totaltAntalKundhandelser": len(found),
            "kundhandelserForPart": [self._event(event, language) for event in page],
        }

    def _event(self, event: dict[str, Any], language: str) -> dict[str, Any]:
        told = {name: value for name, value in event.items() if name not in {"part", "taggar"}}
        by_language = [name for name in ("rubrik", "beskrivning") if isinstance(told.get(name), dict)]
        for name in by_language:
            told[name] = told[name][language]
        return {"producent": self.producer, "version": "6.1", **({"sprak": language} if by_language else {}), **told}


async def _body(request: Request) -> dict[str, Any]:
    """The question. Raises Refused where it breaks one of the standard's rules."""
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise Refused(415, "Unsupported Media Type")
    try:
        body: dict[str, Any] = json.loads(await request.body())
        question, user = body["fraga"], body["anvandare"]
        parties, types = question["parter"], question.get("kundhandelseTyper") or []
        treatment = question.get("behandling") or {}
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise Refused(400, "fraga, parter och anvandare krävs") from exc
    if not isinstance(user, str) or not 1 <= len(parties) <= LARGEST_BATCH or len(types) > LARGEST_BATCH:
        raise Refused(400, "för få eller för många")
    if not all(part.get("kund") or part.get("arende") for part in parties):
        raise Refused(400, "varje part måste innehålla kund, ärende eller båda")
    if (paging := treatment.get("paginering")) and not treatment.get("sortering"):
        raise Refused(400, "paginering kräver att sortering anges")
    if paging and not 1 <= paging["limit"] <= LARGEST_PAGE:
        raise Refused(400, "limit är fel")
    return body


def _matches(event: dict[str, Any], part: dict[str, Any], question: dict[str, Any]) -> bool:
    held = event["part"]
    types = question.get("kundhandelseTyper") or []
    return all(held.get(name) == part[name] for name in ("kund", "arende") if part.get(name)) and (
        not types or any(is_below(event["kundhandelseTyp"], type_) for type_ in types)
    )


def _case(event: dict[str, Any]) -> str | None:
    reference: str | None = event["part"].get("arende", {}).get("identifierare")
    return reference


def load_events(path: Path = EVENTS) -> list[dict[str, Any]]:
    """The events in a file."""
    events: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return events


def main(
    port: Annotated[int, typer.Option(help="The port on 127.0.0.1 to listen on; 0 takes a free one.")] = 8195,
    events: Annotated[Path, typer.Option(help="The events, a JSON file.")] = EVENTS,
    key: Annotated[str | None, typer.Option(help="What X-API-Key must be; left out: nothing is asked for.")] = None,
    seconds: Annotated[float, typer.Option(help="How long every answer takes.")] = 0.0,
    fail: Annotated[list[str] | None, typer.Option(help="A case that fails: its reference, =, an HTTP status.")] = None,
) -> None:
    """Simulate a producer that speaks the national kundhändelse interface."""
    configure_log()
    try:
        failing = {reference: int(code) for reference, _, code in (one.rpartition("=") for one in fail or [])}
        listener = listen("127.0.0.1", port)
    except (AddressTaken, ValueError) as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(1) from exc
    simulation = Simulation(load_events(events), api_key=key, seconds=seconds, failing=failing)
    serve(simulation.app(), listener, on_ready=lambda url: log.info("ready", simulates="kundhandelse", url=url))


if __name__ == "__main__":
    command = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    command.command()(main)
    command()
