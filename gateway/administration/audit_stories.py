"""`gateway audit inspect`: one request's story."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from gateway.administration.auditing import audited
from gateway.administration.plans import Refused
from gateway.administration.running import AsJson, print_json
from gateway.administration.views import list_table, show
from gateway.disclosure.runs import moment_text
from gateway.disclosure.stories import told
from gateway.settings import Settings
from gateway.store.driver import Database
from gateway.store.record_reading import RecordReading


def inspect(
    request_id: Annotated[
        str,
        typer.Argument(
            metavar="REQUEST_ID", help="As the X-Request-ID of an answer and the log have it.", show_default=False
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Tell what one request was told and changed, in order."""

    async def work(_: Settings, database: Database) -> list[dict[str, Any]]:
        batches = RecordReading(database).found({"requestId": request_id}, "at")
        found = [_as_json(document) async for batch in batches for document in batch]
        if not found:
            raise Refused(
                "There is no record of this request: it was told nothing and changed nothing, or was never made, or "
                "its records are gone at the end of their retention."
            )
        return sorted(found, key=lambda one: (one["at"], one["stream"], one["sequence"]))

    found = audited(work)
    if as_json:
        print_json(found)
        return
    rows = [{"at": one["at"], "record": f"{one['stream']}/{one['sequence']}", "what": told(one)} for one in found]
    show(list_table(rows, ["at", "what", "record"], title=f"The request {request_id}"))


def _as_json(document: dict[str, Any]) -> dict[str, Any]:
    at = document["at"]
    said = {name: value for name, value in document.items() if name != "_id"}
    return {**said, "at": moment_text(at) if isinstance(at, datetime) else str(at)}
