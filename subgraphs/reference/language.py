"""The choice of language by the `Accept-Language` header (RFC 9110, section 12.5.4)."""

from collections.abc import Sequence


def choose_language(accept_language: str | None, available: Sequence[str]) -> str:
    """The language of `available` that the header prefers; the first one where the header settles nothing.

    Languages are matched by their primary part alone, so that `en-GB` finds `en`.
    """
    best, best_weight = available[0], 0.0
    for entry in (accept_language or "").split(","):
        tag, _, parameters = entry.partition(";")
        primary = tag.strip().lower().partition("-")[0]
        language = available[0] if primary == "*" else primary
        weight = _weight(parameters)
        if language in available and weight > best_weight:
            best, best_weight = language, weight
    return best


def _weight(parameters: str) -> float:
    """The `q` of an entry, from 0 to 1: 1 when it has none, 0 when it cannot be understood."""
    name, _, value = parameters.strip().partition("=")
    if not name:
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if name.strip().lower() == "q" and 0.0 <= weight <= 1.0 else 0.0
