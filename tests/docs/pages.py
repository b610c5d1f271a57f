"""The documentation as data: its pages, their fenced blocks, headings, links and tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).parents[2]

FENCED = re.compile(r"^```(\w*)[ ]*(.*?)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
ROW = re.compile(r"^\| `([^`]+)` \|(.*)\|$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, what else stands behind the fence, and its content."""

    language: str
    info: str
    text: str

    @property
    def lines(self) -> list[str]:
        """The lines of the content."""
        return self.text.splitlines()


@dataclass(frozen=True)
class Page:
    """One Markdown file."""

    path: Path

    @property
    def name(self) -> str:
        """Its path from the top of the repository."""
        return self.path.relative_to(TOP).as_posix()

    @property
    def text(self) -> str:
        """The whole page."""
        return self.path.read_text(encoding="utf-8")

    @property
    def prose(self) -> str:
        """The page without its fenced blocks."""
        return FENCED.sub("", self.text)

    def blocks(self, *languages: str) -> list[Block]:
        """The fenced blocks in these languages, or all of them, in order."""
        found = [Block(*match.groups()) for match in FENCED.finditer(self.text)]
        return [block for block in found if not languages or block.language in languages]

    def anchors(self) -> set[str]:
        """What links to the page can name after `#`, as GitHub makes it from headings."""
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(self.prose)}

    def links(self) -> Iterator[str]:
        """The targets of the page's links, those to other sites left out."""
        return (target for target in LINK.findall(self.prose) if not target.startswith(("https://", "http://")))

    def section(self, heading: str) -> Section:
        """A part of the page: from `heading` to the next heading of its level or above."""
        return Section(self.path, heading)

    def rows(self) -> dict[str, list[str]]:
        """The table rows whose first cell is code: its content → the other cells."""
        return {name: [cell.strip() for cell in rest.split(" | ")] for name, rest in ROW.findall(self.prose)}


@dataclass(frozen=True)
class Section(Page):
    """A part of a page."""

    heading: str

    @property
    def text(self) -> str:
        """The heading and what stands below it."""
        whole = super().text
        level = self.heading.partition(" ")[0]
        start = whole.index(f"\n{self.heading}\n") + 1
        following = re.compile(rf"^#{{1,{len(level)}}} ", re.MULTILINE).search(whole, start + 1)
        return whole[start : following.start() if following else None]


def page(name: str) -> Page:
    """The page at `name`, a path from the top of the repository."""
    return Page(TOP / name)


PAGES = [page("README.md"), page("CHANGELOG.md"), *map(Page, sorted((TOP / "docs").rglob("*.md")))]
"""Every page, also those that have a test of their own elsewhere."""
