"""N+1 queries: a receiver runs one query for each row."""

from django.dispatch import Signal, receiver

from problems.pages import show
from shop.models import Book

# Both ----------------------------------------------------------------------------------------

BOOKS = 40

# The problem ---------------------------------------------------------------------------------

# sender: the class Book.
window_planned = Signal()


@receiver(window_planned)
def write_price_tags(sender, **kwargs):  # The panel points here.
    books = Book.objects.all()[:BOOKS]
    # Each `book.author` is one more query.
    return [f"{book.title} by {book.author.name}: £{book.price}" for book in books]


def problem(request):
    ((_, tags),) = window_planned.send(sender=Book)
    return show(request, f"{len(tags)} price tags are written, with a query for the author of each.")


# The twin ------------------------------------------------------------------------------------

# sender: the class Book.
window_dressed = Signal()


@receiver(window_dressed)
def write_price_tags_at_once(sender, **kwargs):
    books = Book.objects.select_related("author")[:BOOKS]
    return [f"{book.title} by {book.author.name}: £{book.price}" for book in books]


def twin(request):
    ((_, tags),) = window_dressed.send(sender=Book)
    return show(request, f"{len(tags)} price tags are written, with one query.")
