"""Which media type an answer has, by `Accept` (GraphQL over HTTP, "Media types")."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache

GRAPHQL_RESPONSE = "application/graphql-response+json"
JSON = "application/json"
MULTIPART = "multipart/mixed"
OUR_PARTS = "incrementalspec=v0.2"
"""The form of the parts that the gateway writes: with `pending` and `completed`. In lower case, as it is compared."""

MOST_CHARACTERS = 1_000
"""What is looked at of an Accept header."""
MOST_HEADERS = 256
"""Most callers send the same few: what those say is worked out once."""


class ResponseType(Enum):
    """The two media types of a GraphQL response."""

    GRAPHQL_RESPONSE = GRAPHQL_RESPONSE
    JSON = JSON

    @property
    def content_type(self) -> str:
        """The Content-Type header."""
        return f"{self.value}; charset=utf-8"


def response_type(accept: str | None) -> ResponseType | None:
    """The type the caller prefers, or None when it takes neither. Without a header, as for `*/*`: JSON.

    A caller that names `multipart/mixed` alone gets JSON, too, where there is nothing to give in parts.
    """
    if accept is None:
        return ResponseType.JSON
    return _response_type(accept[:MOST_CHARACTERS])


@lru_cache(MOST_HEADERS)
def _response_type(accept: str) -> ResponseType | None:
    best: tuple[float, ResponseType] | None = None
    ranges = [(media_type, quality) for media_type, quality, _ in _ranges(accept) if quality > 0]
    for media_type, quality in ranges:
        chosen = _matching(media_type)
        if chosen is not None and (best is None or quality > best[0]):
            best = (quality, chosen)
    if best is None and any(media_type == MULTIPART for media_type, _ in ranges):
        return ResponseType.JSON
    return best[1] if best else None


def takes_parts(accept: str | None) -> bool:
    """Whether the caller takes an answer in parts: it names `multipart/mixed`, and no other form of parts than ours.

    Apollo's clients name the form (`incrementalSpec=v0.2`; `deferSpec=20220824` is an older one), GraphiQL names none.
    """
    return accept is not None and _takes_parts(accept[:MOST_CHARACTERS])


@lru_cache(MOST_HEADERS)
def _takes_parts(accept: str) -> bool:
    return any(
        media_type == MULTIPART and quality > 0 and all(parameter == OUR_PARTS for parameter in forms)
        for media_type, quality, forms in _ranges(accept)
    )


def _ranges(accept: str) -> list[tuple[str, float, list[str]]]:
    """The media ranges of the header, each with its quality and the parameters that name a specification."""
    ranges = []
    for part in accept.split(","):
        media_type, *parameters = (piece.strip().lower().replace('"', "") for piece in part.split(";"))
        charset = next((p[8:] for p in parameters if p.startswith("charset=")), "utf-8")
        if charset not in {"utf-8", "utf8"}:
            continue
        forms = [parameter for parameter in parameters if parameter.partition("=")[0].endswith("spec")]
        ranges.append((media_type, _quality(parameters), forms))
    return ranges


def _quality(parameters: list[str]) -> float:
    text = next((parameter[2:] for parameter in parameters if parameter.startswith("q=")), "1")
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0


def _matching(media_type: str) -> ResponseType | None:
    if media_type == GRAPHQL_RESPONSE:
        return ResponseType.GRAPHQL_RESPONSE
    if media_type in {JSON, "application/*", "*/*"}:
        return ResponseType.JSON
    return None
