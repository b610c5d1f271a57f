"""The command line: `gateway serve · dev · db · consumer · producer · grant · token · schema`."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from typing import Annotated

import structlog
import typer
from rich.console import Console

from gateway.administration import (
    audit_commands,
    consumer_commands,
    grant_commands,
    key_commands,
    producer_commands,
    report_commands,
    subject_commands,
)
from gateway.errors import StoreUnavailable
from gateway.identity.pseudonym_key_file import read_pseudonyms
from gateway.key_files import KeyFileError
from gateway.settings import PREFIX, Settings, SettingsError, load_settings, unknown_variables
from gateway.store.definitions import DefinitionError, load_definitions, load_demo
from gateway.store.driver import opened_database
from gateway.store.initialise import InitialisationFailed, Step, initialise

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The Mina ärenden gateway: one GraphQL question, live statuses from every producer.",
)
db = typer.Typer(no_args_is_help=True, help="The database.")
app.add_typer(db, name="db")
app.add_typer(consumer_commands.app, name="consumer")
app.add_typer(producer_commands.app, name="producer")
app.add_typer(grant_commands.app, name="grant")
app.add_typer(audit_commands.app, name="audit")
app.add_typer(report_commands.app, name="report")
app.add_typer(key_commands.app, name="keys")
app.add_typer(subject_commands.app, name="subject")

log = structlog.get_logger(__name__)

INITIALISATION_TIMEOUT = 30.0
"""Seconds one step may take: building an index on a large collection is slower than any request."""


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("mina-arenden-gateway"))
        raise typer.Exit


@app.callback()
def options(
    _: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """The options of every command."""
    # What a command prints is its answer. `gateway serve` and `gateway dev` set up their log themselves.
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))


def main() -> None:
    """Runs the command line."""
    app()


@app.command()
def serve() -> None:
    """Run the gateway. Settings come from the environment: docs/settings.md."""
    from gateway.app import create_app  # noqa: PLC0415 - other commands start without GraphQL
    from gateway.logs import configure_logs  # noqa: PLC0415
    from gateway.serving import listen, listen_for_metrics  # noqa: PLC0415
    from gateway.serving import serve as run  # noqa: PLC0415

    with _told_plainly():
        settings = load_settings()
        application = create_app(settings, metrics_socket=listen_for_metrics(settings))
        listening = listen(settings.host, settings.port)
    configure_logs(settings.log_level, settings.log_format)
    for sentence in unknown_variables():
        log.warning("settings.unknown_variable", problem=sentence)
    run(application, listening)


@app.command()
def dev() -> None:
    """Run everything for development: database, demo data, three producers, gateway, playground."""
    from gateway.development.demo import make_ready  # noqa: PLC0415
    from gateway.development.programs import NODE_PRODUCER  # noqa: PLC0415
    from gateway.development.server import development_command  # noqa: PLC0415
    from gateway.development.stack import run_development_stack  # noqa: PLC0415

    with _told_plainly():
        settings = load_settings()
        code = asyncio.run(
            run_development_stack(
                settings,
                Console(highlight=False),
                gateway_command=development_command(),
                initialise=partial(make_ready, settings, timeout=INITIALISATION_TIMEOUT),
                node_producer=NODE_PRODUCER,
            )
        )
    raise typer.Exit(code)


@app.command()
def token(
    consumer: Annotated[str, typer.Option(help="The consumer's client id, such as business-portal.")],
    subject: Annotated[str, typer.Option(help="The subject's identity number, 12 digits.")],
    actor: Annotated[
        list[str] | None,
        typer.Option(
            help="The number of the person acting for the subject. Up to three times where acting was passed on: the "
            "one who acts now first."
        ),
    ] = None,
    scope: Annotated[
        str | None,
        typer.Option(help="What the token may be used for, separated by spaces; unset: all but introspection."),
    ] = None,
    lifetime: Annotated[int, typer.Option(min=1, max=86_400, help="Seconds until it expires.")] = 3_600,
) -> None:
    """Print an access token of the development issuer, for the gateway that `gateway dev` last ran here."""
    from gateway.development.issuer import open_issuer, recorded_audience  # noqa: PLC0415

    with _told_plainly():
        folder = load_settings().dev_directory
        issuer = open_issuer(folder, recorded_audience(folder))
        typer.echo(issuer.issue(consumer, subject, actor or (), lifetime, scope))


@app.command()
def schema() -> None:
    """Print the GraphQL schema, as it stands in schema.graphql."""
    from gateway.schema.schema import build_schema, printed  # noqa: PLC0415

    typer.echo(printed(build_schema()), nl=False)


@db.command("init")
def db_init(
    demo: Annotated[bool, typer.Option("--demo", help="Add the demo data, too.")] = False,
    users: Annotated[
        bool, typer.Option("--users", help="Make roles and users, too; passwords as mongo-init/users.json says.")
    ] = False,
    endpoint: Annotated[
        list[str] | None,
        typer.Option(help="With --demo: where a demo producer runs, as ID=ADDRESS. May be given several times."),
    ] = None,
) -> None:
    """Make the database what the gateway needs, and say what was done. Safe to repeat."""
    with _told_plainly():
        settings = load_settings()
        if settings.mongodb_uri is None:
            raise SettingsError(f"Not set: {PREFIX}MONGODB_URI, the MongoDB to initialise.")
        if endpoint and not demo:
            raise SettingsError("--endpoint says where demo producers run: give --demo with it.")
        uri = settings.mongodb_uri.get_secret_value()
        steps = asyncio.run(_initialised(settings, uri, demo=demo, users=users, endpoints=_endpoints(endpoint or [])))
        for step in steps:
            typer.echo(f"{'✓' if step.changed else '·'} {step}")


async def _initialised(
    settings: Settings, uri: str, *, demo: bool, users: bool, endpoints: Mapping[str, str]
) -> list[Step]:
    definitions = load_definitions()
    demo_data = None
    if demo:
        if settings.pseudonym_key_file is None:
            raise SettingsError(
                f"Not set: {PREFIX}PSEUDONYM_KEY_FILE, the key that the demo's subjects are pseudonymised with. "
                "It must be the gateway's."
            )
        pseudonyms = read_pseudonyms(settings.pseudonym_key_file, settings.pseudonym_key_id)
        demo_data = load_demo(
            pseudonym=lambda subject: pseudonyms.of(subject).digest, key_id=pseudonyms.key_id, endpoints=endpoints
        )
    passwords = definitions.passwords(os.environ) if users else None
    async with opened_database(
        uri,
        settings.mongodb_database,
        timeout=INITIALISATION_TIMEOUT,
        selection_timeout=settings.mongodb_timeout,
    ) as database:
        return [step async for step in initialise(database, definitions, passwords=passwords, demo=demo_data)]


def _endpoints(pairs: list[str]) -> dict[str, str]:
    endpoints = dict(pair.partition("=")[::2] for pair in pairs)
    if wrong := [pair for pair in pairs if "=" not in pair]:
        raise SettingsError(f"--endpoint must be ID=ADDRESS; it is {wrong[0]!r}.")
    return endpoints


@contextmanager
def _told_plainly() -> Iterator[None]:
    """Turns what a person can mend into one sentence and exit code 1, without a traceback."""
    from gateway.development.errors import DevelopmentError  # noqa: PLC0415
    from gateway.serving import CannotListen  # noqa: PLC0415

    try:
        yield
    except StoreUnavailable as exc:
        typer.echo(f"MongoDB cannot be used: {exc.problem}", err=True)
        raise typer.Exit(1) from exc
    except (
        CannotListen,
        SettingsError,
        KeyFileError,
        DefinitionError,
        InitialisationFailed,
        DevelopmentError,
    ) as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(1) from exc
