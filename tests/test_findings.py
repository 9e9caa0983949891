"""All findings together: their order, their docs, their thresholds, and how the panel shows them."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.dispatch import Signal
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

import signal_panel
from signal_panel import Recording, conf, templating
from signal_panel.findings import find_all, rows
from signal_panel.findings.advice import advice_by_rule
from signal_panel.findings.words import some, statement
from tests.clock import FakeClock
from tests.findings import MS, advice, found, listening, rules, takes
from tests.generated import recordings

DOCS = Path(__file__).parent.parent / "docs" / "findings"
PACKAGE = Path(signal_panel.__file__).parent / "findings"

stocked = Signal()
sold = Signal()


@pytest.fixture
def three() -> Recording:
    """One slow receiver, a slower one, and one whose exception was hidden."""
    clock = FakeClock()

    def fails(**_: Any) -> None:
        raise LookupError

    with (
        listening(stocked, takes(clock, 60 * MS), fails),
        listening(sold, takes(clock, 90 * MS)),
        signal_panel.record(clock=clock) as recording,
    ):
        stocked.send_robust("shelf")
        sold.send("shelf")
    return recording


class TestAll:
    def test_an_empty_recording_has_none(self) -> None:
        with signal_panel.record() as recording:
            pass
        assert find_all(recording) == []
        assert rows(recording) == []

    def test_they_come_by_the_time_lost(self, three: Recording) -> None:
        assert [finding.cost_ns for finding in find_all(three)] == [90 * MS, 60 * MS, 0]

    def test_what_is_past_the_cap_is_not_looked_at(self, settings: Any) -> None:
        clock = FakeClock()
        settings.SIGNAL_PANEL = {"MAX_SPANS": 30}
        with listening(stocked, takes(clock, MS)), signal_panel.record(clock=clock) as recording:
            for _ in range(100):
                stocked.send("shelf")
        assert recording.dropped == 170
        (finding,) = found(recording, "repeated-send")
        assert finding.claim == "One line sent stocked 15 times, which took 15.0\u202fms."
        assert advice(recording) == ["Send it once, with a list."]

    def test_while_it_is_recorded_they_are_of_what_has_ended(self) -> None:
        clock = FakeClock()
        with listening(stocked, takes(clock, 50 * MS)), signal_panel.record(clock=clock) as recording:
            stocked.send("shelf")
            assert rules(recording) == ["slow-receiver"]

    @given(recordings(), st.booleans())
    def test_in_any_recording_they_stay_within_it(self, recording: Recording, of_models: bool) -> None:
        if of_models:
            recording.columns.strings[:2] = [f"django.db.models.signals.{n}_save" for n in ("pre", "post")]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(conf, "THRESHOLDS", dict.fromkeys(conf.THRESHOLDS, 1e-6))
            findings = find_all(recording)
            assert findings == find_all(Recording.from_json(recording.to_json()))
        for finding in findings:
            assert list(finding.spans) == sorted(set(finding.spans))
            assert all(0 <= span < len(recording.columns.kind) for span in finding.spans)
            assert finding.cost_ns >= 0
            assert (finding.path is None) == (finding.line is None)
            assert "%(" not in finding.claim


class TestDocs:
    def test_each_rule_has_a_page_and_each_page_a_rule(self) -> None:
        in_code = {
            rule
            for source in PACKAGE.glob("*.py")
            for rule in re.findall(r'(?:Finding|_slow)\(\s*(?:facts,\s*)?"([a-z-]+)"', source.read_text())
        }
        pages = {page.stem for page in DOCS.glob("*.md")} - {"README"}
        assert len(in_code) == 15
        assert in_code == pages == set(advice_by_rule())

    @pytest.mark.parametrize("rule", sorted(advice_by_rule()))
    def test_each_page_says_the_same_things_in_the_same_order(self, rule: str) -> None:
        text = (DOCS / f"{rule}.md").read_text()
        assert re.findall(r"^#+ .+", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.M) == [
            f"# {rule}",
            "## Why it matters",
            "## The code",
            "## Instead",
            "## When it is fine",
            "## The figures",
        ]

    def test_the_index_lists_each_page(self) -> None:
        listed = re.findall(r"^\| \[([a-z-]+)\]\(\1\.md\) \|", (DOCS / "README.md").read_text(), re.M)
        assert sorted(listed) == sorted(advice_by_rule())

    def test_each_threshold_is_named_on_a_page(self) -> None:
        pages = "".join(page.read_text() for page in DOCS.glob("*.md"))
        assert [name for name in conf.THRESHOLDS if f"`{name}`" not in pages] == []


class TestThresholds:
    def test_one_that_does_not_exist_is_reported_by_the_system_checks(self, settings: Any) -> None:
        settings.SIGNAL_PANEL = {"FINDINGS": {"SLOW_RECEIVERS_MS": 20}}
        (message,) = [m for m in run_checks(tags=["signal_panel"]) if m.id == "signal_panel.E004"]
        assert "'SLOW_RECEIVERS_MS'" in message.msg
        assert "'SLOW_RECEIVER_MS'" in (message.hint or "")

    def test_with_a_wrong_one_the_default_holds(self, three: Recording, settings: Any) -> None:
        settings.SIGNAL_PANEL = {"FINDINGS": {"SLOW_RECEIVER_MS": "never"}}
        assert rules(three).count("slow-receiver") == 2


class TestWords:
    @pytest.mark.parametrize(
        ("names", "words"),
        [
            ([], ""),
            (["a.b", "a.b"], "b"),
            (["a.b", "a.c"], "b and c"),
            (["a.b", "a.c", "a.d"], "b, c and d"),
            (["a.b", "a.c", "a.d", "a.e", "a.f"], "b, c and 3 more"),
        ],
    )
    def test_of_many_names_the_first_are_enough(self, names: list[str], words: str) -> None:
        assert some(names) == words

    @pytest.mark.parametrize(
        ("sql", "words"),
        [
            ('SELECT "a"."b" FROM "shop_book" WHERE "a"."id" = %s', "SELECT … FROM shop_book"),
            ("INSERT INTO `shop_book` (`title`) VALUES (%s)", "INSERT … INTO shop_book"),
            ("UPDATE [shop_book] SET [title] = %s", "UPDATE shop_book"),
            ('delete\nfrom "shop_book"', "DELETE … FROM shop_book"),
            ('SAVEPOINT "s1"', "SAVEPOINT"),
            ("", ""),
        ],
    )
    def test_a_statement_is_its_verb_and_its_table(self, sql: str, words: str) -> None:
        assert statement(sql) == words


class Items(HTMLParser):
    """The attributes of the findings' list items, and the links in them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.items: list[dict[str, str | None]] = []
        self.links: list[str | None] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "li":
            self.items.append(dict(attrs))
        if tag == "a" and dict(attrs).get("class") == "djsp-docs":
            self.links.append(dict(attrs)["href"])


class TestPage:
    def test_a_row_has_the_finding_in_plain_values(self, three: Recording) -> None:
        first, _, last = rows(three)
        assert first == {
            "rule": "slow-receiver",
            "claim": "works took 90.0\u202fms itself, not counting what it sent.",
            "advice": "Hand the work to a task queue, from transaction.on_commit.",
            "url": f"{reverse('djdt:signal_timeline_finding')}?rule=slow-receiver",
            "path": three.calls[2].path,
            "line": three.calls[2].line,
            "cost": 90.0,
            "kinds": f"{three.columns.kind[4]}",
            "spans": "4",
        }
        assert (last["rule"], last["cost"]) == ("swallowed-exception", None)

    def test_spans_that_follow_each_other_among_their_kind_are_a_range(self) -> None:
        clock = FakeClock()
        with listening(stocked, takes(clock, MS)), signal_panel.record(clock=clock) as recording:
            for _ in range(20):
                stocked.send("shelf")
        (row,) = rows(recording)
        assert (row["kinds"], row["spans"]) == ("0", "0-38"), "of these the sends, at every second place"

    def test_spans_apart_are_told_apart(self) -> None:
        clock = FakeClock()

        def waits(sender: int, **_: Any) -> None:
            clock.pass_(sender * MS)

        with listening(stocked, waits), signal_panel.record(clock=clock) as recording:
            for sender in (60, 1, 70, 80):
                stocked.send(sender)
        (row,) = rows(recording)
        assert (row["kinds"], row["spans"]) == (f"{recording.columns.kind[1]}", "1 5-7")

    def test_the_html_has_what_the_scripts_need(self, three: Recording) -> None:
        html = templating.render("findings.html", {"findings": rows(three)})
        items = Items(html).items
        assert [item["data-djsp-rule"] for item in items] == [
            "slow-receiver",
            "slow-receiver",
            "swallowed-exception",
        ]
        assert [(item["data-djsp-kinds"], item["data-djsp-spans"]) for item in items] == [
            (f"{three.columns.kind[span]}", f"{span}") for span in (4, 1, 2)
        ]
        assert html.count('data-djsp-do="highlight"') == 3
        assert html.count("djsp-place") == 3
        assert "<details" not in html

    def test_of_many_the_first_three_are_shown_at_once(self, three: Recording) -> None:
        html = templating.render("findings.html", {"findings": rows(three) * 2})
        shown, _, folded = html.partition("<details")
        assert len(Items(shown).items) == 3
        assert len(Items(folded).items) == 3
        assert "3 more findings" in folded

    def test_names_are_escaped(self) -> None:
        clock = FakeClock()
        receiver = takes(clock, 50 * MS)
        receiver.__qualname__ = "<script>alert(1)</script>"
        with listening(stocked, receiver), signal_panel.record(clock=clock) as recording:
            stocked.send("shelf")
        html = templating.render("findings.html", {"findings": rows(recording)})
        assert "&lt;script&gt;alert(1)&lt;/script&gt; took" in html
        assert "<script" not in html

    def test_the_link_leads_to_the_page_on_the_rule(self, three: Recording, client: Client) -> None:
        html = templating.render("findings.html", {"findings": rows(three)})
        for link in Items(html).links:
            assert link is not None
            answer = client.get(link)
            assert answer.status_code == 200
            assert answer["Content-Type"] == "text/plain; charset=utf-8"
            assert answer.content.startswith(b"# s")

    @pytest.mark.parametrize("rule", sorted(advice_by_rule()))
    def test_the_page_on_a_rule_has_no_link_that_a_browser_could_not_follow(
        self, rule: str, client: Client
    ) -> None:
        text = client.get(reverse("djdt:signal_timeline_finding"), {"rule": rule}).content.decode()
        assert "](" not in text
        assert ".md" not in text
        assert text.startswith(f"# {rule}\n")

    def test_of_a_link_on_the_page_the_words_are_left(self, client: Client) -> None:
        answer = client.get(reverse("djdt:signal_timeline_finding"), {"rule": "dead-receiver"})
        assert "it is one more each time; see connected-in-request." in answer.content.decode()

    def test_there_is_no_page_on_what_is_no_rule(self, client: Client) -> None:
        for name in ("no-rule", "README", "../settings", ""):
            assert client.get(reverse("djdt:signal_timeline_finding"), {"rule": name}).status_code == 404
