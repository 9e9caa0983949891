"""A signal is sent thousands of times, and nobody listens."""

from django.dispatch import Signal

from problems.pages import show
from shop.models import Book

# Both ----------------------------------------------------------------------------------------

PAGES = 60_000

# The problem ---------------------------------------------------------------------------------

# sender: the class Book. page: int.
page_turned = Signal()


def problem(request):
    for page in range(PAGES):
        page_turned.send(sender=Book, page=page)  # The panel points here.
    return show(request, f"{PAGES} pages turned, and nobody listened to any of it.")


# The twin ------------------------------------------------------------------------------------

# sender: the class Book. pages: int.
book_read = Signal()


def twin(request):
    book_read.send(sender=Book, pages=PAGES)
    return show(request, f"{PAGES} pages turned, and whoever listens is told once.")
