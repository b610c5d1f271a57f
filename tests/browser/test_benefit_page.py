"""The benefit report's page, in a browser: it needs nothing else, is read by everybody, and fits every screen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, Page, Request, sync_playwright

from gateway.administration.benefit_page import page_of
from gateway.administration.benefit_report import BenefitReport
from gateway.disclosure.benefits import Benefits, Breakdown, Figure, Question
from gateway.disclosure.periods import Every, periods
from gateway.disclosure.suppression import Hidden, Line, Row
from gateway.model.connection import Environment
from gateway.model.text import Language, Text
from tests.browser.conftest import CHROMIUM_FLAGS

FIRST, LAST, NOW = date(2026, 9, 1), date(2026, 11, 30), datetime(2026, 11, 23, 20, tzinfo=UTC)
HOSTILE = "</style><script>document.title='!'</script><img src=http://127.0.0.1:9/x onerror=alert(1)>"
LONG = "STARTING_RUNNING_AND_CLOSING_A_BUSINESS:starting-a-company-with-others"


def a_report(language: Language = "sv") -> BenefitReport:
    """A report with figures that are shown, hidden, withheld and none, and a name from somebody who means ill."""
    rows = dict.fromkeys(Figure, Row((1, 2, 3), 3))
    rows[Figure.END_USERS] = Row((Hidden.FEW, 0, 12_345), 12_345, is_at_least=True)
    rows[Figure.GROUPS_READ] = Row((Hidden.FEW, Hidden.FEW, 0), Hidden.WITHHELD)
    breakdowns: dict[Breakdown, tuple[Line, ...]] = {
        Breakdown.USE_CASE: (Line(LONG, 12_345), Line("TAXES", 7)),
        Breakdown.INFORMATION_AREA: (),
        Breakdown.CASE_TYPE: (Line("tax-agency/MOMS", 7),),
    }
    return BenefitReport(
        question=Question(tuple(periods(FIRST, LAST, Every.MONTH, NOW)), Every.MONTH, 5, Environment.LIVE),
        first=FIRST,
        last=LAST,
        benefits=Benefits(rows, breakdowns),
        case_types={"tax-agency/MOMS": Text(HOSTILE, HOSTILE)},
        people_may_be_counted_twice=False,
        made_at=NOW,
        language=language,
    )


@contextmanager
def opened(chromium: str, file: Path, *, width: int = 1000, dark: bool = False) -> Iterator[tuple[Page, list[str]]]:
    """The page in a browser, and what it asked for or complained of."""
    noted: list[str] = []

    def note(what: Request | ConsoleMessage) -> None:
        noted.append(what.url if isinstance(what, Request) else what.text)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=CHROMIUM_FLAGS)
        try:
            page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light")
            page.on("request", note)
            page.on("console", note)
            page.goto(file.as_uri())
            yield page, noted
        finally:
            browser.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The page in a file."""
    path = tmp_path / "benefits.html"
    path.write_text(page_of(a_report()), encoding="utf-8")
    return path


def test_the_page_asks_for_nothing_and_runs_nothing(chromium: str, file: Path) -> None:
    with opened(chromium, file) as (page, noted):
        text = page.inner_text("body")

        assert noted == [file.as_uri()]
        assert page.title() == "Mina ärenden: nyttan i siffror 2026-09-01 – 2026-11-30"
        assert (page.locator("script").count(), page.locator("img").count()) == (0, 0)
        assert HOSTILE in text


def test_the_style_sheet_is_the_one_its_policy_allows(chromium: str, file: Path) -> None:
    with opened(chromium, file) as (page, _):
        assert page.evaluate("getComputedStyle(document.body).maxWidth") == "960px"


def test_every_chart_has_a_name_and_its_numbers_in_a_table_below(chromium: str, file: Path) -> None:
    with opened(chromium, file) as (page, _):
        charts = page.locator("svg[role=img]")
        assert charts.count() == len(Figure) + 2
        for place in range(charts.count()):
            chart, section = charts.nth(place), page.locator("section:has(svg)").nth(place)
            drawn = chart.locator(".number").all_text_contents()
            in_table = section.locator("table tbody td").all_text_contents()

            assert chart.locator("title").text_content()
            assert chart.locator("desc").text_content()
            assert drawn == in_table
            assert section.locator("table caption").inner_text()
        assert page.locator("section:has(#endUsers) td").all_inner_texts() == [
            *("<5", "0", "12\u00a0345"),
            "minst 12\u00a0345",
        ]
        assert page.locator("section:has(#groupsRead) tfoot td").inner_text() == "visas inte"


def test_headings_rows_and_columns_are_marked_up_as_such(chromium: str, file: Path) -> None:
    with opened(chromium, file) as (page, _):
        tables = page.locator("table").count()

        assert page.locator("h1").count() == 1
        assert page.locator("thead th[scope=col]").count() == 2 * tables
        assert page.locator("tbody th[scope=row]").count() == page.locator("tbody tr").count()
        assert page.get_attribute("html", "lang") == "sv"
        ids = page.evaluate("[...document.querySelectorAll('[id]')].map(one => one.id)")
        assert len(ids) == len(set(ids))


@pytest.mark.parametrize("width", [320, 1400])
def test_nothing_is_cut_off_on_a_screen(chromium: str, file: Path, width: int) -> None:
    with opened(chromium, file, width=width) as (page, _):
        beyond = page.evaluate(
            """[...document.querySelectorAll('text, th, td, dd, p, h2')]
                .filter(one => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
                .map(one => one.textContent)"""
        )
        assert [text for text in beyond if HOSTILE[:9] not in text] == []


@pytest.mark.parametrize("manner", ["light", "dark", "print"])
def test_text_and_bars_stand_out_from_what_is_behind_them(chromium: str, file: Path, manner: str) -> None:
    """Per WCAG 2.2: text 4.5 to 1, what is drawn 3 to 1."""
    with opened(chromium, file, dark=manner != "light") as (page, _):
        if manner == "print":
            page.emulate_media(media="print")
        paper = _rgb(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        colours = {
            selector: _rgb(page.evaluate(f"getComputedStyle(document.querySelector('{selector}')).{property_}"))
            for selector, property_ in (
                *(("p", "color"), (".quiet", "color"), ("td", "color"), ("svg text", "fill")),
                *((".bar", "fill"), (".few", "stroke")),
            )
        }

    assert manner != "print" or paper == (255, 255, 255)
    for selector, colour in colours.items():
        assert _contrast(colour, paper) >= (3 if selector in (".bar", ".few") else 4.5), selector


def test_it_is_there_in_english_too() -> None:
    page = page_of(a_report("en"))

    assert "at least 12,345" in page
    assert "fewer than 5 end users" in page
    assert "slutkonsument" not in page.lower()
    assert page_of(a_report()) == page_of(a_report())


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", colour)[:3]))


def _contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: tuple[int, ...]) -> float:
    parts = (part / 255 for part in colour)
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
