"""The gateway as `gateway dev` runs it: the same application, endpoints that hand out development tokens, `/metrics`.

No setting turns those on: they exist in this program alone, which refuses any address but a loopback one.
"""

from __future__ import annotations

import sys

from starlette.routing import Route

from gateway.app import create_app
from gateway.development.callers import caller_routes
from gateway.development.errors import DevelopmentError
from gateway.development.issuer import open_issuer
from gateway.development.ports import require_loopback
from gateway.development.programs import token_audience
from gateway.http.metrics import PATH as METRICS
from gateway.http.metrics import metrics_of_services
from gateway.logs import configure_logs
from gateway.serving import CannotListen, listen, listen_for_metrics, serve
from gateway.settings import Settings, SettingsError, load_settings

GRACE_SECONDS = 1
"""Ctrl-C stops the whole stack in a few seconds; nobody waits for a developer's last request."""


def development_command() -> list[str]:
    """The command that runs this program."""
    return [sys.executable, "-m", "gateway.development.server"]


def run(settings: Settings) -> None:
    """Serves until stopped. Raises DevelopmentError and SettingsError."""
    require_loopback(settings.host)  # the stack has looked, but this program can be started without it
    issuer = open_issuer(settings.dev_directory, token_audience(settings))
    app = create_app(
        settings,
        development_routes=[*caller_routes(issuer), Route(METRICS, metrics_of_services)],
        metrics_socket=listen_for_metrics(settings),
    )
    configure_logs(settings.log_level, settings.log_format)
    serve(app, listen(settings.host, settings.port), grace=GRACE_SECONDS)


if __name__ == "__main__":
    try:
        run(load_settings())
    except (CannotListen, DevelopmentError, SettingsError) as exc:
        sys.exit(str(exc))
