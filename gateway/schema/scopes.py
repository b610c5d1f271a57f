"""Scopes where only the value of an argument tells which type of object is asked for."""

from __future__ import annotations

from gateway.policy.plan import needs_scope
from gateway.schema.context import Context


def check_scopes(context: Context, field: str, type_name: str) -> None:
    """Raises ForbiddenField when the caller's token may not read objects of the type that `field` is asked for.

    To be called before any is looked for: who may not read them is not told whether there is one, either.
    """
    required = context.requirements.missing(type_name, "__typename", context.caller.scopes)
    if required is not None:
        raise needs_scope(field, required)
