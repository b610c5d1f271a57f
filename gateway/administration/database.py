"""The database that the commands work on: the one that is set, or that of the `gateway dev` running here."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import typer

from gateway.settings import PREFIX, Settings, SettingsError
from gateway.store.driver import Database, opened_database

LISTENING_TIMEOUT = 1.0


@asynccontextmanager
async def administered_database(settings: Settings, *, read_seconds: float | None = None) -> AsyncIterator[Database]:
    """The database that `settings` name, or that `gateway dev` runs with them; which, is then said on standard error.

    One operation may take `read_seconds`; None: what `settings` say.

    Raises SettingsError when there is neither, StoreUnavailable for an address that is none.
    """
    uri = settings.mongodb_uri.get_secret_value() if settings.mongodb_uri else _uri_of_gateway_dev(settings)
    async with opened_database(
        uri,
        settings.mongodb_database,
        timeout=read_seconds or settings.mongodb_timeout,
        selection_timeout=settings.mongodb_timeout,
    ) as database:
        yield database


def signing_key_file(settings: Settings) -> Path | None:
    """The file with the key that caller assertions are signed with, where there is one: of the same gateway."""
    from gateway.development.directory import DevelopmentDirectory, is_occupied  # noqa: PLC0415 - see below

    if settings.mongodb_uri is None or (settings.assertion_key_file is None and is_occupied(settings.dev_directory)):
        return DevelopmentDirectory.at(settings.dev_directory).assertion_key
    return settings.assertion_key_file


def pseudonym_key_file(settings: Settings) -> tuple[Path, str]:
    """The file with the pseudonym keys of the gateway whose database is worked on, and the id of one that is bare.

    Raises SettingsError where none is set.
    """
    from gateway.development.directory import PSEUDONYM_KEY_ID, DevelopmentDirectory  # noqa: PLC0415 - see below

    if settings.mongodb_uri is None:
        return DevelopmentDirectory.at(settings.dev_directory).pseudonym_key, PSEUDONYM_KEY_ID
    if settings.pseudonym_key_file is None:
        raise SettingsError(f"Not set: {PREFIX}PSEUDONYM_KEY_FILE, the gateway's own pseudonym keys.")
    return settings.pseudonym_key_file, settings.pseudonym_key_id


def record_key_file(settings: Settings) -> Path | None:
    """The file with the key that the record is sealed with, where there is one: of the same gateway."""
    from gateway.development.directory import DevelopmentDirectory, is_occupied  # noqa: PLC0415 - see below

    if settings.mongodb_uri is None or (settings.record_key_file is None and is_occupied(settings.dev_directory)):
        return DevelopmentDirectory.at(settings.dev_directory).record_key
    return settings.record_key_file


def _uri_of_gateway_dev(settings: Settings) -> str:
    from gateway.development.directory import is_occupied  # noqa: PLC0415 - slow to import, and seldom needed
    from gateway.development.programs import LOOPBACK, embedded_database_uri  # noqa: PLC0415

    if not is_occupied(settings.dev_directory) or not _is_listening(LOOPBACK, settings.dev_database_port):
        raise SettingsError(
            f"Not set: {PREFIX}MONGODB_URI, the MongoDB with the registry. Nor does `gateway dev` run in "
            f"{settings.dev_directory} with an embedded database on port {settings.dev_database_port}, which would be "
            "used."
        )
    typer.echo(f"Using the database of the `gateway dev` that runs in {settings.dev_directory}.", err=True)
    return embedded_database_uri(settings)


def _is_listening(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=LISTENING_TIMEOUT):
            return True
    except OSError:
        return False
