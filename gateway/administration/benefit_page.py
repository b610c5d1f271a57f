"""A benefit report as one HTML page that needs nothing else: no script, no font, no image from anywhere.

Made of elements, never of pieces of text, so that no name from the registry can become markup. Its policy (CSP) allows
the one style sheet in it, and nothing to be loaded.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from textwrap import wrap
from xml.etree.ElementTree import Element, tostring

from gateway.administration import benefit_texts as texts
from gateway.administration.benefit_report import BenefitReport
from gateway.administration.texts import in_words
from gateway.disclosure.benefits import Breakdown, Figure
from gateway.disclosure.suppression import Hidden, Line, Shown
from gateway.model.text import Text

# Pixels of a chart, and characters of a line in it.
BAR_HEIGHT = 14
TEXT_HEIGHT = 20
BASELINE = 16
GAP = 12
LONGEST_LINE = 32

FEW_WIDTH = 1.5
"""Percent; the bar of a figure that is not shown says that there is something, and nothing of how much."""

Bar = tuple[str, str, Shown]
"""What a bar is about, its figure as people read it, and the figure."""


def page_of(report: BenefitReport) -> str:
    """The report as a page."""
    say, style = report.say, _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'"
    head = _element(
        "head",
        _element("meta", charset="utf-8"),
        _element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        _element("meta", {"http-equiv": "Content-Security-Policy"}, content=policy),
        _element("meta", name="color-scheme", content="light dark"),
        _element("title", f"{say(texts.TITLE)} {_when(report)}"),
        _element("style", style),
    )
    body = _element(
        "body",
        _element(
            "header",
            _element("h1", say(texts.TITLE)),
            _element("p", f"{_when(report)} · {say(texts.ENVIRONMENTS[report.question.environment.value])}"),
            _element("p", f"{say(texts.MADE)} {in_words(report.made_at)}.", {"class": "quiet"}),
        ),
        _element("main", _in_short(report), *_figures(report), *_breakdowns(report), _notes(report)),
    )
    page = _element("html", head, body, lang=report.language)
    return f"<!doctype html>\n{tostring(page, encoding='unicode', method='html')}\n"


def _when(report: BenefitReport) -> str:
    return f"{report.first.isoformat()} – {report.last.isoformat()}"


def _in_short(report: BenefitReport) -> Element:
    tiles = (
        _element("div", _element("dt", report.say(texts.FIGURES[figure])), _element("dd", report.total(row)))
        for figure, row in report.benefits.figures.items()
    )
    heading = _element("h2", report.say(texts.IN_SHORT), id="in-short")
    return _element("section", heading, _element("dl", *tiles), {"aria-labelledby": "in-short"})


def _figures(report: BenefitReport) -> Iterable[Element]:
    for figure, row in report.benefits.figures.items():
        bars = [
            (f"{period.label}{_mark(report, is_complete=period.is_complete)}", report.number(cell), cell)
            for period, cell in zip(report.question.periods, row.cells, strict=True)
        ]
        total = (report.say(_name_of_total(figure)), report.total(row))
        yield _section(
            report,
            figure.value,
            report.say(texts.FIGURES[figure]),
            report.say(texts.MEANINGS[figure]),
            (report.say(texts.PERIOD), bars, total),
        )


def _name_of_total(figure: Figure) -> Text:
    of_organisations = (Figure.INFORMATION_AREAS, Figure.PRODUCERS, Figure.CONSUMERS, Figure.CASE_TYPES)
    return texts.AT_THE_END if figure in of_organisations else texts.TOTAL


def _breakdowns(report: BenefitReport) -> Iterable[Element]:
    for breakdown, lines in report.benefits.breakdowns.items():
        heading = report.say(texts.BREAKDOWNS[breakdown])
        if not lines:
            none = _element("p", report.say(texts.NONE_LARGE_ENOUGH))
            yield _element("section", _element("h2", heading), none)
            continue
        bars = [_bar(report, breakdown, line) for line in lines]
        yield _section(report, breakdown.value, heading, None, (report.say(texts.LINES[breakdown]), bars, None))


def _bar(report: BenefitReport, breakdown: Breakdown, line: Line) -> Bar:
    return report.line(breakdown, line.key), report.number(line.people), line.people


def _mark(report: BenefitReport, *, is_complete: bool) -> str:
    return "" if is_complete else f" ({report.say(texts.INCOMPLETE)})"


def _section(
    report: BenefitReport,
    id_: str,
    heading: str,
    meaning: str | None,
    content: tuple[str, Sequence[Bar], tuple[str, str] | None],
) -> Element:
    """A heading, what it means, a chart, and the table with the same numbers."""
    about, bars, total = content
    return _element(
        "section",
        _element("h2", heading, id=id_),
        *([_element("p", meaning)] if meaning else []),
        _chart(report, id_, heading, bars),
        _table(heading, (about, report.say(texts.VALUE)), bars, total),
        {"aria-labelledby": id_},
    )


def _chart(report: BenefitReport, id_: str, heading: str, bars: Sequence[Bar]) -> Element:
    """One bar below the other, in percent of the width there is: text keeps its size on a narrow screen."""
    most = max((value for _, _, value in bars if isinstance(value, int)), default=0)
    drawn: list[Element] = []
    height = 0
    for bar in bars:
        drawn += _drawn(bar, height, most)
        height += len(_wrapped(bar)) * TEXT_HEIGHT + BAR_HEIGHT + GAP
    return _element(
        "svg",
        _element("title", f"{report.say(texts.CHART_OF)}: {heading}", id=f"{id_}-title"),
        _element("desc", report.say(texts.SAME_AS_TABLE), id=f"{id_}-desc"),
        *drawn,
        {"aria-labelledby": f"{id_}-title {id_}-desc"},
        role="img",
        width="100%",
        height=str(height),
    )


def _drawn(bar: Bar, top: int, most: int) -> Iterator[Element]:
    _, number, value = bar
    lines = _wrapped(bar)
    for place, line in enumerate(lines):
        yield _element("text", line, x="0", y=str(top + place * TEXT_HEIGHT + BASELINE))
    baseline = str(top + (len(lines) - 1) * TEXT_HEIGHT + BASELINE)
    yield _element("text", number, {"text-anchor": "end", "class": "number"}, x="100%", y=baseline)
    is_hidden = isinstance(value, Hidden)
    width = FEW_WIDTH if isinstance(value, Hidden) else 100 * value / most if most else 0.0
    where = {"y": str(top + len(lines) * TEXT_HEIGHT + 2), "height": str(BAR_HEIGHT)}
    yield _element("rect", {"class": "track"}, x="0", width="100%", **where)
    yield _element("rect", {"class": "few" if is_hidden else "bar"}, x="0", width=f"{width:.2f}%", **where)


def _wrapped(bar: Bar) -> list[str]:
    """What a bar is about in lines, since SVG breaks none: each leaves room for the figure on a narrow screen."""
    return wrap(bar[0], LONGEST_LINE) or [""]


def _table(heading: str, columns: tuple[str, str], bars: Sequence[Bar], total: tuple[str, str] | None) -> Element:
    rows = [_element("tr", _element("th", label, scope="row"), _element("td", number)) for label, number, _ in bars]
    foot = []
    if total is not None:
        name, number = total
        foot = [_element("tfoot", _element("tr", _element("th", name, scope="row"), _element("td", number)))]
    return _element(
        "table",
        _element("caption", heading),
        _element("thead", _element("tr", *(_element("th", column, scope="col") for column in columns))),
        _element("tbody", *rows),
        *foot,
    )


def _notes(report: BenefitReport) -> Element:
    paragraphs = (_element("p", note) for note in report.notes())
    return _element("section", _element("h2", report.say(texts.HOW_COUNTED)), *paragraphs, {"class": "notes"})


def _element(tag: str, *content: Element | str | dict[str, str], **attributes: str) -> Element:
    """An element with text and elements in it; attributes whose names are no Python names are given as mappings."""
    element = Element(tag, attributes)
    for part in content:
        if isinstance(part, dict):
            element.attrib.update(part)
        elif isinstance(part, Element):
            element.append(part)
        elif len(element):
            element[-1].tail = (element[-1].tail or "") + part
        else:
            element.text = (element.text or "") + part
    return element


@cache
def _style() -> str:
    return files("gateway.administration").joinpath("benefit_page.css").read_text(encoding="utf-8")
