"""What may not stand in a producer's record, whether it is added or changed. Its case types are `openings`' matter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gateway.administration.agreed import Agreed, meant
from gateway.administration.endpoints import endpoint_problems, same_endpoint
from gateway.administration.texts import LONGEST_NAME, contact_problems, text_problems
from gateway.model.connection import ConnectionState
from gateway.model.producer import Producer
from gateway.model.purpose import InformationArea

LONGEST_SUPPORT = 1_000
LONGEST_AUDIENCE = 2_000


def record_problems(agreed: Agreed, producer: Producer) -> Iterator[str]:
    """What is wrong with a producer as it is to be stored, a sentence each, but for where its endpoint leads."""
    yield from text_problems("--name-sv", producer.name.sv, LONGEST_NAME)
    yield from text_problems("--name-en", producer.name.en, LONGEST_NAME)
    if producer.organisation is not None:
        yield from text_problems("--organisation", producer.organisation, LONGEST_NAME)
    yield from contact_problems("--contact", producer.connection.contact)
    if producer.incidents is not None:
        yield from contact_problems("--incidents", producer.incidents)
    if producer.support is not None:
        yield from text_problems("--support-sv", producer.support.sv, LONGEST_SUPPORT)
        yield from text_problems("--support-en", producer.support.en, LONGEST_SUPPORT)
    wrong = list(endpoint_problems(producer.endpoint, producer.connection.environment))
    yield from wrong
    others = [kept.producer for kept in agreed.producers.values() if kept.producer.id != producer.id]
    standing = [one for one in others if one.connection.state is not ConnectionState.ENDED]
    taken = None if wrong else same_endpoint(producer.endpoint, {one.id: one.endpoint for one in standing})
    if taken is not None:
        yield f"--endpoint is that of the producer {taken} already: each has its own, so that none answers for another."
    yield from _audience_problems(producer.audience, standing)


def _audience_problems(audience: str, others: Sequence[Producer]) -> Iterator[str]:
    if not audience.isascii() or not audience.isprintable() or " " in audience or not audience:
        yield f"--audience is {audience!r}: it must be an address or a name such as https://agency.example."
    elif len(audience) > LONGEST_AUDIENCE:
        yield f"--audience has {len(audience)} characters; it may have {LONGEST_AUDIENCE}."
    for one in others:
        if one.audience == audience:
            yield (
                f"--audience is that of the producer {one.id} already: each has its own, so that an assertion for one "
                "is worth nothing at another."
            )


def read_areas(texts: Sequence[str], problems: list[str]) -> frozenset[InformationArea]:
    """The information areas that `texts` name; what is wrong with the others is added to `problems`."""
    known = InformationArea.__members__
    problems += (
        f"--area {text}: there is no such information area{meant(text, known)}"
        for text in dict.fromkeys(texts)
        if text not in known
    )
    return frozenset(known[text] for text in texts if text in known)
