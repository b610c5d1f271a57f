"""The tables in docs/settings.md, made from the settings themselves: `python -m tests.docs.settings_table` writes them.

A table for each part of `Settings`, as the comments in its source divide it.
"""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

from gateway.app import NEEDED
from gateway.settings import PREFIX, Settings
from tests.docs.pages import TOP

PAGE = TOP / "docs" / "settings.md"
BEGIN, END = "<!-- settings: begin -->", "<!-- settings: end -->"

PART_OR_FIELD = re.compile(r"^    (?:# (?P<part>.+)|(?P<field>\w+): )", re.MULTILINE)


def tables() -> str:
    """Every setting in Markdown: a heading and a table for each part."""
    lines: list[str] = []
    for match in PART_OR_FIELD.finditer(inspect.getsource(Settings)):
        if match["part"]:
            lines += ["", f"## {match['part']}", "", "| variable | default | meaning |", "|---|---|---|"]
        elif match["field"] in Settings.model_fields:
            lines.append(_row(match["field"]))
    return "\n".join(lines).strip()


def with_tables(text: str) -> str:
    """The page `text` with its tables as they should be."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables()}\n\n{END}{after}"


def _row(name: str) -> str:
    field = Settings.model_fields[name]
    default = "needed" if name in NEEDED else "unset" if field.default is None else f"`{_as_given(field.default)}`"
    return f"| `{PREFIX}{name.upper()}` | {default} | {field.description} |"


def _as_given(default: object) -> str:
    """A default in the form that the variable takes."""
    match default:
        case tuple():
            return json.dumps(default)
        case Path():
            return default.as_posix()
        case float():
            return f"{default:g}"
        case _:
            return str(default)


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
