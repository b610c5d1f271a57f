"""Makes the database of `gateway dev` ready: collections, indexes, and the demo data under the folder's own key."""

from __future__ import annotations

from gateway.development.directory import PSEUDONYM_KEY_ID, DevelopmentDirectory
from gateway.development.errors import DevelopmentError
from gateway.development.programs import LOOPBACK, PRODUCERS
from gateway.errors import StoreUnavailable
from gateway.identity.pseudonym_key_file import read_pseudonyms
from gateway.key_files import KeyFileError
from gateway.settings import PREFIX, Settings
from gateway.store.definitions import DefinitionError, DemoData, load_definitions, load_demo
from gateway.store.driver import Database, opened_database, translated
from gateway.store.initialise import InitialisationFailed, initialise


async def make_ready(settings: Settings, uri: str, *, timeout: float) -> list[str]:  # noqa: ASYNC109 - the driver's
    """Initialises the MongoDB of `uri`, demo data included; what that changed, in plain words.

    One step may take `timeout` seconds. Raises DevelopmentError when MongoDB is out of reach or refuses, a key or a
    file of `mongo-init/` cannot be used, or the MongoDB that was given has consumers who are not the demo's.
    """
    is_given = settings.mongodb_uri is not None
    try:
        definitions, demo = load_definitions(), _demo(settings)
        async with opened_database(
            uri, settings.mongodb_database, timeout=timeout, selection_timeout=settings.mongodb_timeout
        ) as database:
            if is_given:
                await refuse_if_in_use(database, demo)
            return [str(step) async for step in initialise(database, definitions, demo=demo) if step.changed]
    except StoreUnavailable as exc:
        which = f"The MongoDB of {PREFIX}MONGODB_URI" if is_given else "The embedded database"
        raise DevelopmentError(f"{which} cannot be used: {exc.problem}.") from exc
    except (InitialisationFailed, DefinitionError, KeyFileError) as exc:
        raise DevelopmentError(str(exc)) from exc


async def refuse_if_in_use(database: Database, demo: DemoData) -> None:
    """Raises DevelopmentError when `database` has consumers who are not the demo's: then it is not for development.

    Reads their ids alone. Raises StoreUnavailable when MongoDB is out of reach.
    """
    with translated():
        ids = {document["_id"] async for document in database["consumers"].find({}, {"_id": True})}
    others = sorted(ids - {consumer["_id"] for consumer in demo.documents["consumers"]})
    if others:
        raise DevelopmentError(
            f"`gateway dev` writes demo data, and the database {database.name} of {PREFIX}MONGODB_URI is used by "
            f"others ({', '.join(others[:3])}{', …' if others[3:] else ''}). Nothing was changed in it. "
            f"Name another database in {PREFIX}MONGODB_DATABASE, or unset {PREFIX}MONGODB_URI for the embedded one."
        )


def _demo(settings: Settings) -> DemoData:
    """The demo data under the key of the development folder, with the producers where `gateway dev` runs them."""
    directory = DevelopmentDirectory.at(settings.dev_directory)
    pseudonyms = read_pseudonyms(directory.pseudonym_key, PSEUDONYM_KEY_ID)
    return load_demo(
        pseudonym=lambda subject: pseudonyms.of(subject).digest,
        key_id=pseudonyms.key_id,
        endpoints={
            producer.id: f"http://{LOOPBACK}:{port}/graphql"
            for producer, port in zip(PRODUCERS, settings.dev_producer_ports, strict=True)
        },
    )
