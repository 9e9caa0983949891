"""The shop's pages, each a scene for the signal panel.

A site would redirect after a form. Here the answer is the page itself, so that the toolbar on it
shows the request that sent the signals (after a redirect, it would be in History).
"""

import csv
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from shop import signals
from shop.forms import CheckoutForm
from shop.models import Author, Book, Order, OrderLine, Tag
from shop.scenes import SCENES

NEW_TITLES = Path(__file__).parent / "data" / "new_titles.csv"


@require_GET
def front(request: HttpRequest) -> HttpResponse:
    return render(request, "shop/front.html", {"scenes": SCENES})


@require_GET
def browse(request: HttpRequest) -> HttpResponse:
    books = Book.objects.select_related("author").prefetch_related("tags")
    page = Paginator(books, 100).get_page(request.GET.get("page"))
    return render(request, "shop/browse.html", {"page": page})


# Orders --------------------------------------------------------------------------------------


def checkout(request: HttpRequest) -> HttpResponse:
    window = Book.objects.filter(author__name="Jules Verne")
    initial = {"books": window[:3], "email": "reader@example.com"}
    form = CheckoutForm(request.POST or None, window=window, initial=initial)
    if request.method == "POST" and form.is_valid():
        order = place_order(form.cleaned_data["email"], form.cleaned_data["books"])
        return render(request, "shop/order.html", {"order": order})
    return render(request, "shop/checkout.html", {"form": form})


def place_order(email, books) -> Order:
    with transaction.atomic():
        order = Order.objects.create(email=email)
        # One query for all lines, and neither pre_save nor post_save: bulk_create sends none.
        OrderLine.objects.bulk_create(OrderLine(order=order, book=book, price=book.price) for book in books)
    # After the transaction: nobody is told of an order that is rolled back in the end.
    signals.order_placed.send_robust(sender=Order, order=order)
    return order


@require_GET
def quote(request: HttpRequest) -> JsonResponse:
    """What a basket would cost, for the checkout's script."""
    chosen = [pk for pk in request.GET.getlist("book") if pk.isdecimal()]
    books = list(Book.objects.filter(pk__in=chosen))
    total = sum(book.price for book in books)
    signals.price_quoted.send(sender=Book, books=books, total=total)
    return JsonResponse({"books": len(books), "total": f"{total:.2f}"})


# Books ---------------------------------------------------------------------------------------


@require_POST
def staff_picks(request: HttpRequest) -> HttpResponse:
    tag, _ = Tag.objects.get_or_create(name="staff pick")
    *picks, second_thought = Book.objects.order_by("?")[:6]
    tag.books.clear()
    tag.books.add(*picks, second_thought)
    tag.books.remove(second_thought)
    tag.refresh_from_db()
    return render(request, "shop/staff_picks.html", {"tag": tag, "picks": picks})


@require_POST
def delete_author(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        author = Author.objects.create(name="A. Throwaway")
        for number in range(1, 5):
            Book.objects.create(
                isbn=f"throwaway-{number}",
                title=f"Forgettable Tales, part {number}",
                author=author,
                year=2000 + number,
                price="4.99",
            )
        _, deleted = author.delete()
    return render(request, "shop/delete_author.html", {"deleted": deleted})


@require_POST
def import_books(request: HttpRequest) -> HttpResponse:
    """Bring the publisher's list into the shop; a second time, bring it up to date."""
    with NEW_TITLES.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = sorted({row["author"] for row in rows})
    Author.objects.bulk_create([Author(name=name) for name in names], ignore_conflicts=True)
    authors = {author.name: author for author in Author.objects.filter(name__in=names)}
    isbns = [row["isbn"] for row in rows]
    known = dict(Book.objects.filter(isbn__in=isbns).values_list("isbn", "pk"))
    with transaction.atomic():
        for row in rows:
            book = Book(
                pk=known.get(row["isbn"]),
                isbn=row["isbn"],
                title=row["title"],
                author=authors[row["author"]],
                year=row["year"],
                price=row["price"],
            )
            book.save()
    return render(request, "shop/imported.html", {"count": len(rows), "known": len(known)})


# Async, streaming, many ------------------------------------------------------------------------


@require_GET
async def offers(request: HttpRequest) -> HttpResponse:
    book = await Book.objects.select_related("author").afirst()
    responses = await signals.offers_wanted.asend(sender=Book, book=book)
    found = sorted((offer for _, offer in responses), key=lambda offer: offer.price)
    # In a thread: the page's header asks for the user, a query, which has no place in async code.
    return await sync_to_async(render)(request, "shop/offers.html", {"book": book, "offers": found})


ROWS_AT_ONCE = 50


@require_GET
def export(request: HttpRequest) -> StreamingHttpResponse:
    # Each kind of server streams only its own kind of iterator, and reads the other in one go.
    rows = export_rows_async() if isinstance(request, ASGIRequest) else export_rows()
    return StreamingHttpResponse(
        rows,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="books.csv"'},
    )


def export_rows() -> Iterator[str]:
    books = Book.objects.select_related("author").iterator(chunk_size=ROWS_AT_ONCE)
    for number, book in enumerate(books, start=1):
        yield csv_row(book)
        if number % ROWS_AT_ONCE == 0:
            signals.rows_exported.send(sender=Book, rows=number)


async def export_rows_async() -> AsyncIterator[str]:
    number = 0
    async for book in Book.objects.select_related("author").aiterator(chunk_size=ROWS_AT_ONCE):
        number += 1
        yield csv_row(book)
        if number % ROWS_AT_ONCE == 0:
            await signals.rows_exported.asend(sender=Book, rows=number)


class Line:
    """A file of one line: the csv module can only write to something with ``write()``."""

    def write(self, text: str) -> str:
        return text


def csv_row(book: Book) -> str:
    return csv.writer(Line()).writerow([book.isbn, book.title, book.author, book.year, book.price])


@require_GET
def quiet(request: HttpRequest) -> HttpResponse:
    return render(request, "shop/quiet.html")


SHELVES = 100


@require_GET
def stock_take(request: HttpRequest) -> HttpResponse:
    for shelf in range(SHELVES):
        signals.shelf_reached.send(sender=Book, shelf=shelf)
    return render(request, "shop/stock_take.html", {"shelves": SHELVES})
