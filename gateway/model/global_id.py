"""How the gateway names an object to others: in answers, in cursors' company and in its log."""

from __future__ import annotations

import base64


def global_id(kind: str, *parts: str) -> str:
    """The id of the `kind` that `parts` tell apart: opaque to callers, one per object.

    No ten digits stand in a row in it, so that a log does not take it for somebody's number and blot it out.
    """
    return base64.urlsafe_b64encode(":".join((kind, *parts)).encode()).rstrip(b"=").decode()
