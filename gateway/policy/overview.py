"""The overview: which cases a consumer may be told of that a subject has. As little as serves the purpose."""

from __future__ import annotations

from gateway.model.caller import ConsumerId
from gateway.model.producer import ProducerId
from gateway.model.registry import Agreements


def shown_case_types(agreements: Agreements, consumer: ConsumerId) -> set[tuple[ProducerId, str]]:
    """Producer and code of each case type that `consumer` may be told of: granted in some field, and open to it.

    For whatever purpose, since the cases are in no group yet. Of other types it is not told that there are any.
    """
    return {
        (grant.producer, code)
        for grant in agreements.grants_of(consumer)
        for code in grant.case_types
        if agreements.is_open(grant.producer, code, consumer)
    }
