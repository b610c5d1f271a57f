"""The first thing to paste: one curl command that asks for live statuses from all three producers."""

from __future__ import annotations

import json

from gateway.development.issuer import TokenIssuer

CONSUMER = "business-portal"
SUBJECT = "165599990010"
"""Fika & Form AB of the demo data, whose first case group has cases at all three producers."""

QUERY = (
    "{ caseGroups(last: 1) { edges { node { title cases { edges { node { reference status { __typename "
    "... on CaseStatus { title updatedAt } ... on StatusUnavailable { reason } } } } } } } } }"
)


def first_query(base_url: str, issuer: TokenIssuer) -> str:
    """A curl command for a POSIX shell, over several lines, with a fresh token; it works when pasted as it is.

    Nothing in it needs more quoting than the single quotes: JSON and the token have none.
    """
    return " \\\n  ".join(
        [
            f"curl -sS {base_url}/graphql",
            f"-H 'Authorization: Bearer {issuer.issue(CONSUMER, SUBJECT)}'",
            "-H 'Content-Type: application/json'",
            f"--data '{json.dumps({'query': QUERY})}'",
        ]
    )
