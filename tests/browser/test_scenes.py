"""Each scene of the bookshop sends what its code says, as the toolbar shows it in a browser."""

# ruff: noqa: E501 - the outlines hold whole lines of the bookshop's code

from __future__ import annotations

import linecache
import re
import textwrap
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from signal_panel import ReceiverCall, Recording, Send
from signal_panel.page import AT_ONCE, FIRST_ROWS
from tests.browser.conftest import EXAMPLE, BookshopFactory
from tests.browser.toolbar import Row, open_panel, switch_to

ChooseScene = Callable[[str], None]

OF_EVERY_REQUEST = {
    "django.core.signals.request_started",
    "django.core.signals.request_finished",
    "django.db.backends.signals.connection_created",
}


wsgi_and_asgi = pytest.mark.parametrize("server", ["runserver", "uvicorn"])


@pytest.fixture
def server() -> str:
    return "runserver"


@pytest.fixture
def choose(page: Page, bookshop: BookshopFactory, server: str) -> ChooseScene:
    """``choose(title)`` clicks the scene on the front page, and waits for the page that comes."""

    def choose_scene(title: str) -> None:
        page.goto(bookshop(server))
        heading = page.get_by_role("heading", name=title, exact=True)
        link = page.locator(".scene").filter(has=heading).locator("a, button")
        if title == "Export as CSV":  # a download: no page comes
            link.click()
        else:
            click_through(page, link)

    return choose_scene


def click_through(page: Page, link: Locator) -> None:
    """Click, and wait for the page that comes."""
    with page.expect_navigation():
        link.click()


def recording_shown(page: Page) -> Recording:
    """The recording behind the panel, which is opened for it; its table, if it has one, has the same spans."""
    rows, recording = open_panel(page)
    spans = sorted([*recording.sends, *recording.calls], key=lambda span: span.index)
    first = spans[:FIRST_ROWS] if len(spans) <= AT_ONCE else []
    assert rows == [row(span) for span in first]
    return recording


def row(span: Send | ReceiverCall) -> Row:
    if isinstance(span, Send):
        place = span.site and f"{span.site.path}:{span.site.line}"
        return Row(2 * span.depth, span.signal, place)
    return Row(2 * span.send.depth + 1, span.receiver, f"{span.path}:{span.line}")


# What a recording looks like as text --------------------------------------------------------------


def outline(recording: Recording, *, without: tuple[str, ...] = ()) -> str:
    """The recording's spans, nested, each send with the line of the bookshop's code that caused it.

    Leaves out what every request has, and the model signals named in ``without``.
    """
    lines: list[str] = []

    def add_send(send: Send, depth: int) -> None:
        signal = send.signal.removeprefix("django.db.models.signals.")
        if signal in OF_EVERY_REQUEST or signal in without:
            return
        method = "" if send.method == "send" else f"{send.method} "
        lines.append(f"{'    ' * depth}{method}{signal} {send.sender}  <- {cause(send)}")
        for call in send.calls:
            add_call(call, depth + 1)

    def add_call(call: ReceiverCall, depth: int) -> None:
        failed = f" ! {call.exception}" if call.exception else ""
        lines.append(f"{'    ' * depth}{call.receiver}{failed}")
        for send in call.sends:
            add_send(send, depth + 1)

    for send in recording.sends:
        if send.parent is None:
            add_send(send, 0)
    return "\n".join(lines)


def cause(send: Send) -> str:
    """``function: the line``, of the line that the send's site names."""
    if send.site is None:
        return "nobody's line"
    path, line, function = send.site
    assert Path(path).is_relative_to(EXAMPLE)
    return f"{function.rpartition('.')[2]}: {linecache.getline(path, line).strip()}"


def expected(text: str) -> str:
    return textwrap.dedent(text).strip()


def counts(recording: Recording) -> Counter[tuple[str, str]]:
    """How often each signal was sent by each sender."""
    return Counter((send.signal.rpartition(".")[2], send.sender) for send in recording.sends)


def sends_of(recording: Recording, signal: str) -> list[Send]:
    return [send for send in recording.sends if send.signal == signal]


def assert_sound(recording: Recording) -> None:
    """What holds in every recording."""
    assert recording.dropped == 0
    spans = sorted([*recording.sends, *recording.calls], key=lambda span: span.index)
    assert [span.start_ns for span in spans] == sorted(span.start_ns for span in spans)
    for call in recording.calls:
        assert call.duration_ns >= call.self_ns >= 0
        assert call.start_ns >= call.send.start_ns
        assert call.start_ns + call.duration_ns <= call.send.start_ns + call.send.duration_ns
        if call.path is not None and Path(call.path).is_relative_to(EXAMPLE):
            name = call.receiver.rpartition(".")[2]
            assert re.match(rf"(async )?def {name}\(", linecache.getline(call.path, call.line or 0))
    assert recording.sends[0].signal == "django.core.signals.request_started"
    assert recording.sends[-1].signal == "django.core.signals.request_finished"
    assert [phase.name for phase in recording.phases][:2] == ["middleware", "view"]


# Readers ------------------------------------------------------------------------------------------


def sign_up(page: Page) -> None:
    page.get_by_label("Password", exact=False).first.fill("a-book-a-day")
    page.get_by_label("Password confirmation").fill("a-book-a-day")
    click_through(page, page.locator("main").get_by_role("button", name="Sign up"))


def test_sign_up(choose: ChooseScene, page: Page) -> None:
    choose("Sign up")
    sign_up(page)
    expect(page.locator("h1")).to_contain_text("Welcome")

    recording = recording_shown(page)
    assert_sound(recording)
    assert outline(recording) == expected("""
        pre_init django.contrib.auth.models.User  <- sign_up: form = UserCreationForm(request.POST or None, initial={"username": free_username()})
        post_init django.contrib.auth.models.User  <- sign_up: form = UserCreationForm(request.POST or None, initial={"username": free_username()})
        pre_save django.contrib.auth.models.User  <- sign_up: reader = form.save()
        post_save django.contrib.auth.models.User  <- sign_up: reader = form.save()
            accounts.receivers.make_profile
                pre_init accounts.models.Profile  <- make_profile: Profile.objects.create(user=instance)
                post_init accounts.models.Profile  <- make_profile: Profile.objects.create(user=instance)
                pre_save accounts.models.Profile  <- make_profile: Profile.objects.create(user=instance)
                post_save accounts.models.Profile  <- make_profile: Profile.objects.create(user=instance)
    """)  # fmt: skip


@wsgi_and_asgi
def test_log_in(choose: ChooseScene, page: Page) -> None:
    choose("Log in")
    recording = recording_shown(page)
    expect(page.locator("h1")).to_contain_text("reader")
    assert_sound(recording)
    text = outline(recording, without=("pre_init", "post_init", "pre_save"))
    assert text == expected("""
        post_save django.contrib.sessions.models.Session  <- form_valid: log_in(self.request, form.get_user())
        django.contrib.auth.signals.user_logged_in django.contrib.auth.models.User  <- form_valid: log_in(self.request, form.get_user())
            accounts.receivers.count_visit
            django.contrib.auth.models.update_last_login
                post_save django.contrib.auth.models.User  <- form_valid: log_in(self.request, form.get_user())
                    accounts.receivers.make_profile
        post_save django.contrib.sessions.models.Session  <- nobody's line
    """)  # fmt: skip


def test_failed_log_in(choose: ChooseScene, page: Page) -> None:
    choose("Failed log in")
    recording = recording_shown(page)
    expect(page.locator(".errorlist")).to_be_visible()
    assert_sound(recording)
    assert outline(recording, without=("pre_init", "post_init")) == expected("""
        django.contrib.auth.signals.user_login_failed str()  <- nobody's line
            accounts.receivers.slow_down_guessing
    """)
    (failed,) = sends_of(recording, "django.contrib.auth.signals.user_login_failed")
    assert failed.calls[0].duration_ns >= 25_000_000
    assert "rendering" in [phase.name for phase in recording.phases]


def test_log_out(choose: ChooseScene, page: Page) -> None:
    choose("Log in")
    choose("Log out")
    recording = recording_shown(page)
    expect(page.locator("h1")).to_have_text("Goodbye")
    assert_sound(recording)
    assert outline(recording, without=("pre_init", "post_init")) == expected("""
        django.contrib.auth.signals.user_logged_out django.contrib.auth.models.User  <- log_out: logout(request)
            accounts.receivers.say_goodbye
    """)  # fmt: skip


# The shop -----------------------------------------------------------------------------------------


def test_browse(choose: ChooseScene, page: Page) -> None:
    choose("Browse")
    recording = recording_shown(page)
    books, tags = page.locator(".book").count(), page.locator(".tags i").count()
    assert books == 100
    assert_sound(recording)
    assert counts(recording) == Counter(
        {
            ("request_started", recording.sends[0].sender): 1,
            ("request_finished", recording.sends[0].sender): 1,
            ("connection_created", "django.db.backends.sqlite3.base.DatabaseWrapper"): 1,
            **{(signal, "shop.models.Book"): books for signal in ("pre_init", "post_init")},
            **{(signal, "shop.models.Author"): books for signal in ("pre_init", "post_init")},
            **{(signal, "shop.models.Tag"): tags for signal in ("pre_init", "post_init")},
        }
    )
    for send in sends_of(recording, "django.db.models.signals.post_init"):
        receivers = ["shop.receivers.remember_price"] if send.sender == "shop.models.Book" else []
        assert [call.receiver for call in send.calls] == receivers


@wsgi_and_asgi
def test_place_an_order(choose: ChooseScene, page: Page) -> None:
    choose("Place an order")
    click_through(page, page.get_by_role("button", name="Place the order"))
    expect(page.locator("h1")).to_have_text("Thank you for your order")

    recording = recording_shown(page)
    assert_sound(recording)
    assert outline(recording, without=("pre_init", "post_init", "pre_save")) == expected("""
        post_save shop.models.Order  <- place_order: order = Order.objects.create(email=email)
            shop.receivers.index_order
            shop.receivers.tell_staff
        send_robust shop.signals.order_placed shop.models.Order  <- place_order: signals.order_placed.send_robust(sender=Order, order=order)
            shop.receivers.count_sale
            shop.receivers.charge_card
                post_save shop.models.Payment  <- charge_card: Payment.objects.create(order=order, amount=order.total)
                post_save shop.models.Order  <- charge_card: order.save(update_fields=["status"])
                    shop.receivers.index_order
                    shop.receivers.tell_staff
            shop.receivers.send_confirmation
            shop.receivers.book_courier ! shop.receivers.WarehouseClosedError
            shop.receivers.reserve_stock
                shop.signals.stock_reserved shop.models.Order  <- reserve_stock: signals.stock_reserved.send(sender=Order, order=order, books=books)
                    shop.receivers.reorder
    """)  # fmt: skip
    (placed,) = sends_of(recording, "shop.signals.order_placed")
    _, _, slow, failing, _ = placed.calls
    assert placed.exception is None
    assert slow.duration_ns >= 30_000_000
    assert failing.self_ns == failing.duration_ns


def test_the_price_quote_is_a_request_of_its_own(choose: ChooseScene, page: Page) -> None:
    choose("Place an order")
    with page.expect_response("**/quote/**") as quoted:
        page.get_by_role("button", name="What would it cost?").click()
    assert quoted.value.json()["books"] == 3
    switch_to(page, quoted.value.headers["djdt-request-id"])
    recording = recording_shown(page)
    assert_sound(recording)
    assert outline(recording, without=("pre_init", "post_init")) == expected("""
        shop.signals.price_quoted shop.models.Book  <- quote: signals.price_quoted.send(sender=Book, books=books, total=total)
            shop.receivers.note_interest
    """)  # fmt: skip


def test_tag_books(choose: ChooseScene, page: Page) -> None:
    choose("Tag books")
    recording = recording_shown(page)
    expect(page.locator(".card li")).to_have_count(5)
    assert_sound(recording)
    assert outline(recording, without=("pre_init", "post_init", "pre_save", "post_save")) == "\n".join(
        f"m2m_changed shop.models.Book_tags  <- staff_picks: {line}\n    shop.receivers.recount_tags"
        for line in (
            "tag.books.clear()",
            "tag.books.add(*picks, second_thought)",
            "tag.books.remove(second_thought)",
        )
        for _ in ("before", "after")
    )


def test_delete_an_author(choose: ChooseScene, page: Page) -> None:
    choose("Delete an author")
    recording = recording_shown(page)
    assert_sound(recording)
    line = "<- delete_author: _, deleted = author.delete()"
    text = outline(recording, without=("pre_init", "post_init", "pre_save", "post_save"))
    assert text.splitlines() == [
        *[f"pre_delete shop.models.Book  {line}"] * 4,
        f"pre_delete shop.models.Author  {line}",
        "    shop.receivers.note_departure",
        *[f"post_delete shop.models.Book  {line}", "    shop.receivers.forget_book"] * 4,
        f"post_delete shop.models.Author  {line}",
    ]


def test_import_twice(choose: ChooseScene, page: Page) -> None:
    for known in ("0 of them", "1000 of them"):
        choose("Import 1,000 books")
        recording = recording_shown(page)
        expect(page.locator(".card")).to_contain_text(known)
        assert_sound(recording)
        assert {
            signal: count
            for (signal, sender), count in counts(recording).items()
            if sender == "shop.models.Book"
        } == dict.fromkeys(("pre_init", "post_init", "pre_save", "post_save"), 1000)
        saves = [send for send in recording.sends if send.signal.endswith((".pre_save", ".post_save"))]
        assert {cause(send) for send in saves} == {"import_books: book.save()"}
        assert {
            (send.signal.rpartition(".")[2], *(call.receiver for call in send.calls)) for send in saves
        } == {
            ("pre_save", "shop.receivers.index_book"),
            ("post_save", "shop.receivers.note_price_change"),
        }


# Async, streaming, many ---------------------------------------------------------------------------


@wsgi_and_asgi
def test_ask_for_offers(choose: ChooseScene, page: Page) -> None:
    choose("Ask for offers")
    recording = recording_shown(page)
    assert_sound(recording)
    for loaded in sends_of(recording, "django.db.models.signals.post_init"):
        assert cause(loaded) == ('offers: book = await Book.objects.select_related("author").afirst()')
    (wanted,) = sends_of(recording, "shop.signals.offers_wanted")
    assert wanted.method == "asend"
    assert cause(wanted) == ("offers: responses = await signals.offers_wanted.asend(sender=Book, book=book)")
    asked = {call.receiver.rpartition(".")[2]: call for call in wanted.calls}
    assert {name: call.is_async for name, call in asked.items()} == {
        "check_own_stock": False,
        "ask_wholesaler": True,
        "ask_publisher": True,
    }
    wholesaler, publisher = asked["ask_wholesaler"], asked["ask_publisher"]
    for supplier in (wholesaler, publisher):
        (received,) = supplier.sends
        assert (received.signal, received.method) == ("shop.signals.offer_received", "asend")
        assert cause(received).endswith(
            ": await signals.offer_received.asend(sender=Book, book=book, offer=offer)"
        )
        assert received.site
        assert received.site.function.endswith(supplier.receiver.rpartition(".")[2])
        assert {(call.receiver, call.is_async) for call in received.calls} == {
            ("shop.receivers.log_offer", False),
            ("shop.receivers.watch_market", True),
        }
    assert wholesaler.start_ns < publisher.start_ns + publisher.duration_ns
    assert publisher.start_ns < wholesaler.start_ns + wholesaler.duration_ns
    assert wholesaler.duration_ns >= 30_000_000
    assert publisher.duration_ns >= 20_000_000


@wsgi_and_asgi
def test_export(choose: ChooseScene, page: Page, server: str) -> None:
    with page.expect_response("**/export/") as response, page.expect_download() as download:
        choose("Export as CSV")
    rows = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    switch_to(page, response.value.headers["djdt-request-id"])
    recording = recording_shown(page)
    assert_sound(recording)

    (streaming,) = (phase for phase in recording.phases if phase.name == "streaming")
    exported = sends_of(recording, "shop.signals.rows_exported")
    assert len(exported) == len(rows) // 50 >= 7
    for send in exported:
        assert streaming.start_ns <= send.start_ns
        assert [call.receiver for call in send.calls] == ["shop.receivers.log_export"]
    method, line = (
        ("asend", "await signals.rows_exported.asend(sender=Book, rows=number)")
        if server == "uvicorn"
        else ("send", "signals.rows_exported.send(sender=Book, rows=number)")
    )
    function = "export_rows_async" if server == "uvicorn" else "export_rows"
    assert {(send.method, cause(send)) for send in exported} == {(method, f"{function}: {line}")}


@wsgi_and_asgi
def test_quiet_page(choose: ChooseScene, page: Page, server: str) -> None:
    choose("A quiet page")
    recording = recording_shown(page)
    assert_sound(recording)
    handler = (
        "django.core.handlers.asgi.ASGIHandler"
        if server == "uvicorn"
        else "django.core.handlers.wsgi.WSGIHandler"
    )
    assert counts(recording) == {("request_started", handler): 1, ("request_finished", handler): 1}
    assert [phase.label for phase in recording.phases][1] == "shop.views.quiet"


@wsgi_and_asgi
def test_quiet_page_for_a_logged_in_reader(choose: ChooseScene, page: Page) -> None:
    """The toolbar itself reads the session then: its sends are left out."""
    choose("Log in")
    choose("A quiet page")
    assert outline(recording_shown(page)) == ""


def test_stock_take(choose: ChooseScene, page: Page) -> None:
    choose("Stock-take")
    recording = recording_shown(page)
    shelves, copies = 100, 332
    assert recording.dropped == 0
    assert counts(recording)["shelf_reached", "shop.models.Book"] == shelves
    assert counts(recording)["copy_counted", "shop.models.Book"] == shelves * copies
    receivers = Counter(call.receiver for call in recording.calls)
    assert receivers["shop.receivers.count_shelf"] == shelves
    assert receivers["shop.receivers.add_up"] == shelves * copies
    assert receivers["shop.receivers.check_place"] == shelves * copies
    assert 99_800 <= len(recording.sends) + len(recording.calls) <= 100_000
    for shelf in sends_of(recording, "shop.signals.shelf_reached"):
        (count_shelf,) = shelf.calls
        assert len(count_shelf.sends) == copies
        assert cause(shelf) == ("stock_take: signals.shelf_reached.send(sender=Book, shelf=shelf)")
