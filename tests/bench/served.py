"""One gateway as a process of its own, for a measurement: `python -m tests.bench.served [--without-authorization]`.

Its settings come from the environment, as for `gateway serve`. Without authorization every token may run every field
and every status field is asked for, decided by nobody: what is left is the same path less the work that is measured.
"""

from __future__ import annotations

import sys

from gateway.app import create_app
from gateway.execution.documents import Document, Runnable
from gateway.logs import configure_logs
from gateway.model.case_group import Case, CaseGroup
from gateway.model.status import StatusSelection
from gateway.producers.permitted import PermittedStatus, PermittedStatuses
from gateway.serving import listen, serve
from gateway.settings import load_settings

WITHOUT = "--without-authorization"


def take_authorization_out() -> None:
    """Replaces both decisions by none."""

    def whole(document: Document, _scopes: frozenset[str], *, incremental: bool) -> Runnable:
        return Runnable(document.incremental if incremental else document.whole, is_cut=False)

    async def everything(
        statuses: PermittedStatuses, group: CaseGroup, case: Case, selected: StatusSelection
    ) -> PermittedStatus:
        return PermittedStatus(await statuses._loaders.status(case, group.purpose, selected), {})

    Document.authorized = whole  # type: ignore[assignment, method-assign]
    PermittedStatuses.status = everything  # type: ignore[assignment, method-assign]


if __name__ == "__main__":
    if WITHOUT in sys.argv:
        take_authorization_out()
    settings = load_settings()
    configure_logs(settings.log_level, settings.log_format)
    serve(create_app(settings), listen(settings.host, settings.port))
