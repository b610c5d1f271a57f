"""`gateway producer check`: whether a producer answers as the contract says, in plain words."""

from __future__ import annotations

from ssl import create_default_context
from typing import Annotated

import typer

from gateway.administration.check import Checked, Means, checked
from gateway.administration.database import signing_key_file
from gateway.administration.plans import Json, Refused
from gateway.administration.producers import Check
from gateway.administration.running import AsJson, By, Desk, DryRun, login_name, looked_up, print_json
from gateway.administration.texts import cause
from gateway.administration.views import show
from gateway.key_files import KeyFileError
from gateway.model.connection import Environment
from gateway.model.history import KeptProducer
from gateway.producers.addresses import AddressRules
from gateway.producers.assertion import CallerAssertions, read_signing_key
from gateway.settings import PREFIX, load_settings

MISFITS = 1
"""The exit code where the producer does not fit."""


def check(
    id_: Annotated[str, typer.Argument(metavar="ID", help="The producer's id.")],
    by: By = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Ask a producer for its schema and for the status of cases that it cannot have, and say what does not fit.

    Whether it tells which cases a subject has is brought up to date in its record.
    """

    async def look_up(desk: Desk) -> Json:
        kept = desk.agreed.producer(id_)
        found = await checking(kept.producer.connection.environment).ask(kept.producer)
        is_updated = not dry_run and await _updated(desk, kept, found, by)
        return {
            "id": id_,
            "fits": not found.misfits,
            "misfits": list(found.misfits),
            "notes": list(found.notes),
            "offersCases": found.offers_cases,
            "updated": is_updated,
        }

    said = looked_up(look_up)
    if as_json:
        print_json(said)
    else:
        _print(said)
    if not said["fits"]:
        raise typer.Exit(MISFITS)


def checking(environment: Environment) -> Check:
    """Checks producers of an environment as the gateway that the settings name would ask them.

    Raises Refused where its keys or certificates cannot be used, SettingsError where it does not say what it is called.
    """
    settings = load_settings()
    file = signing_key_file(settings)
    authorities = create_default_context()
    try:
        assertions = None if file is None else CallerAssertions(read_signing_key(file), settings.base_url)
        if settings.producer_ca_file is not None:
            authorities.load_verify_locations(settings.producer_ca_file)
    except KeyFileError as exc:
        raise Refused(str(exc)) from exc
    except OSError as exc:
        raise Refused(f"{PREFIX}PRODUCER_CA_FILE names {str(settings.producer_ca_file)!r}: {exc}.") from exc
    rules = AddressRules(settings.producer_networks, loopback=environment is Environment.TEST)
    means = Means(assertions, rules, authorities)
    return Check(rules, lambda producer: checked(producer, means))


async def _updated(desk: Desk, kept: KeptProducer, found: Checked, by: str | None) -> bool:
    """Whether the record was changed to say what was found out about `Query.cases`."""
    if found.misfits or found.offers_cases in (None, kept.producer.offers_cases):
        return False
    why = f"The check found {'that its schema has Query.cases' if found.offers_cases else 'no Query.cases'}."
    return await desk.producers.set_offers_cases(
        kept, bool(found.offers_cases), "check", cause(by or login_name(), why, desk.moment)
    )


def _print(said: Json) -> None:
    cases = {True: "It tells which cases a subject has (Query.cases).", False: "It offers no overview (Query.cases)."}
    misfits, notes = said["misfits"], said["notes"]
    assert isinstance(misfits, list)
    assert isinstance(notes, list)
    lines = [f"The producer {said['id']} {'fits' if said['fits'] else 'does not fit'} the contract."]
    lines += [f"- {misfit}" for misfit in misfits]
    lines += [f"Beware: {note}" for note in notes]
    if said["offersCases"] is not None:
        lines.append(cases[bool(said["offersCases"])] + (" Its record says so now." if said["updated"] else ""))
    show(*lines)
