"""One gateway as a process of its own, for a measurement: `python -m tests.bench.served [OPTION]`.

Its settings come from the environment, as for `gateway serve`. The options each change one thing:

--without-authorization: every token may run every field and every status field is asked for, decided by nobody: what
is left is the same path less the work that is measured.
--standard-executor: graphql-core's executor runs everything.
--sample FILE: where the CPU time goes is written to the file at the end; SIGUSR1 has what was sampled forgotten.
"""

from __future__ import annotations

import signal
import sys
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

from gateway.app import create_app
from gateway.execution import run
from gateway.execution.documents import Document, Runnable
from gateway.logs import configure_logs
from gateway.model.caller import ConsumerId
from gateway.model.case_group import Case, CaseGroup
from gateway.model.connection import Environment, Validity
from gateway.model.grant import Grant, GrantId
from gateway.model.producer import ProducerId
from gateway.model.status import GRANTABLE_FIELDS, StatusSelection
from gateway.policy.statuses import Decision
from gateway.producers.permitted import PermittedStatuses
from gateway.serving import listen, serve
from gateway.settings import load_settings
from tests.bench.speed.shares import Sampler

WITHOUT = "--without-authorization"
STANDARD = "--standard-executor"
SAMPLE = "--sample"


def take_authorization_out() -> None:
    """Replaces both decisions by none. The record, which names a grant for each field, is given one of nobody's."""
    grant = Grant(
        GrantId("0" * 24),
        ConsumerId("business-portal"),
        ProducerId("any"),
        case_types=frozenset(),
        fields=frozenset(),
        purposes=frozenset(),
        environment=Environment.TEST,
        validity=Validity(datetime.min.replace(tzinfo=UTC), None),
        withdrawn=False,
        legal_basis="Nobody decided.",
    )

    @cache
    def decided(selected: StatusSelection) -> Decision:
        return Decision(asked=selected, allowing=dict.fromkeys(GRANTABLE_FIELDS, (grant,)))

    def whole(document: Document, _scopes: frozenset[str], *, incremental: bool) -> Runnable:
        return Runnable(document.incremental if incremental else document.whole, is_cut=False)

    def everything(
        _: PermittedStatuses, _group: CaseGroup, _case: Case, selected: StatusSelection, _now: datetime
    ) -> Decision:
        return decided(selected)

    Document.authorized = whole  # type: ignore[assignment, method-assign]
    PermittedStatuses._decision = everything  # type: ignore[assignment, method-assign]


def take_engine_out() -> None:
    """Leaves every operation to the standard executor, as the engine does by None with those that are not for it."""

    async def leave_it(*_: Any, **__: Any) -> None:
        return None

    mock.patch.object(run, "executed", leave_it).start()


def main() -> None:
    """Serves until a signal comes."""
    if WITHOUT in sys.argv:
        take_authorization_out()
    if STANDARD in sys.argv:
        take_engine_out()
    settings = load_settings()
    configure_logs(settings.log_level, settings.log_format)
    app, listening = create_app(settings), listen(settings.host, settings.port)
    if SAMPLE not in sys.argv:
        serve(app, listening)
        return
    sampler = Sampler()
    signal.signal(signal.SIGUSR1, lambda *_: sampler.reset())
    # The server raises the signal that stopped it once more when it has ended; what was sampled is still to be written.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    sampler.start()
    try:
        serve(app, listening)
    finally:
        sampler.write(Path(sys.argv[sys.argv.index(SAMPLE) + 1]))


if __name__ == "__main__":
    main()
