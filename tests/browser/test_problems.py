"""Each problem of the bookshop's gallery is named in the panel, at its line, and its twin has no findings."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import EXAMPLE, BookshopFactory
from tests.browser.toolbar import PANEL, open_panel
from tests.lines import line_of

CASES = EXAMPLE / "problems" / "cases"
MARKER = "# The panel points here."

CLAIMS = {
    "cascade": r"^count_words causes post_save, which it listens to: 1 of its 2 calls ran inside another\.$",
    "connected-in-request": (
        r"^tell_reader was connected to title_reserved in this request, to stay: there (is|are) \d+ now\.$"
    ),
    "connected-twice": r"^write_receipt ran 2 times in 1 send of book_borrowed\.$",
    "dead-receiver": (
        r"^order_more, connected to title_sold_out, is held by nothing: it is called because DEBUG is on\.$"
    ),
    "handlers-not-imported": (
        r"^problems\.newsletter\.signals would have heard post_save of Subscriber, "
        r"but nothing has imported it\.$"
    ),
    "init-receiver": r"^add_fingerprint ran for each of 386 instances: [\d.]+\sm?s in all\.$",
    "queries-in-receiver": r"^write_price_tags executed SELECT … FROM shop_author 40 times;",
    "repeated-send": r"^One line saved Copy 200 times, one by one, which took [\d.]+\sm?s\.$",
    "sent-twice": r"^One line saved the same Card 2 times; all but the first took [\d.]+\sm?s\.$",
    "skipped-receivers": (
        r"^thank_finder raised TypeError in 1 of 1 calls by book_found, "
        r"and tell_owner and put_on_shelf did not run\.$"
    ),
    "slow-in-transaction": r"^confirm_loan kept a transaction open for [\d.]+\sm?s, not counting",
    "slow-receiver": r"^write_invoice took [\d.]+\sm?s itself",
    "swallowed-exception": r"^write_reminder raised KeyError in 1 of 1 calls, which send_robust hid\.$",
    "thread-hop": r"^asend of shelf_dusted took [\d.]+\sm?s to get note_dusting to a thread 40 times\.$",
    "unheard-send": r"^page_turned was sent 60,000 times and no receiver ran, which took [\d.]+\sm?s\.$",
}

FILES = {rule: CASES / f"{rule.replace('-', '_')}.py" for rule in CLAIMS} | {
    "handlers-not-imported": EXAMPLE / "problems" / "newsletter" / "signals.py"
}

# Where requests are async, the views and the queries of sync code are in threads.
IN_OTHER_THREADS = ["queries-in-receiver", "slow-in-transaction", "thread-hop"]

# Anything is slow now and then, where the machine has other things to do.
BY_THE_CLOCK = {"repeated-send", "slow-receiver", "slow-in-transaction", "thread-hop"}

VISITS = 20


def findings(page: Page) -> Locator:
    return page.locator(f"#{PANEL} .djsp-finding")


def open_findings(page: Page, expected: set[str]) -> None:
    """Open the panel; once more where a busy machine has made something slow that is not."""
    for _ in range(VISITS):
        open_panel(page)
        # Of a large request they come a moment after the panel.
        expect(page.locator("[data-djsp-findings]:not([data-djsp-state=ready])")).to_have_count(0)
        texts = findings(page).all_inner_texts()
        rules = {finding.get_attribute("data-djsp-rule") for finding in findings(page).all()}
        if not (rules - expected) & BY_THE_CLOCK:
            break
        page.reload()
    assert rules == expected, texts


def test_the_gallery_has_a_card_for_each(page: Page, bookshop: BookshopFactory) -> None:
    page.goto(bookshop())
    page.get_by_role("link", name="fifteen problems").click()
    expect(page.get_by_role("heading", level=3)).to_have_count(len(CLAIMS))
    for link in ("The problem", "Its twin"):
        expect(page.get_by_role("link", name=link)).to_have_count(len(CLAIMS))


@pytest.mark.parametrize(
    ("rule", "server"),
    [*((rule, "runserver") for rule in CLAIMS), *((rule, "uvicorn") for rule in IN_OTHER_THREADS)],
)
def test_the_problem_is_named_at_its_line_and_the_twin_is_clean(
    page: Page, bookshop: BookshopFactory, rule: str, server: str
) -> None:
    page.goto(f"{bookshop(server)}problems/{rule}/")
    open_findings(page, {rule})
    finding = findings(page).first
    expect(findings(page)).to_have_count(1)
    expect(finding.locator(".djsp-claim")).to_have_text(re.compile(CLAIMS[rule]))
    place = f"{FILES[rule]}:{line_of(MARKER, FILES[rule])}"
    expect(finding.locator(".djsp-place")).to_have_attribute("title", place)
    expect(finding.get_by_role("button", name="Show on the timeline")).to_be_visible()

    page.goto(f"{bookshop(server)}problems/{rule}/twin/")
    open_findings(page, set())
