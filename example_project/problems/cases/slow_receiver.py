"""A receiver is slow, and the reader waits for it."""

import hashlib

from django.dispatch import Signal, receiver

from problems.models import Job
from problems.pages import show

# Both ----------------------------------------------------------------------------------------


def render_invoice(title):
    """Stands for drawing a PDF: a quarter of a second of hard work."""
    return hashlib.pbkdf2_hmac("sha256", title.encode(), b"invoice", 300_000).hex()


# The problem ---------------------------------------------------------------------------------

# sender: the class Job. title: str.
book_sold = Signal()


@receiver(book_sold)
def write_invoice(sender, title, **kwargs):  # The panel points here.
    render_invoice(title)


def problem(request):
    book_sold.send(sender=Job, title="Michel Strogoff")
    return show(request, "The book is sold, and here is the invoice. Thank you for waiting.")


# The twin ------------------------------------------------------------------------------------

# sender: the class Job. title: str.
book_sold_quickly = Signal()


@receiver(book_sold_quickly)
def order_invoice(sender, title, **kwargs):
    # A row is a task queue in its simplest form: another process calls `render_invoice` for it.
    Job.objects.create(task=f"Invoice for {title}")


def twin(request):
    book_sold_quickly.send(sender=Job, title="Michel Strogoff")
    return show(request, "The book is sold, and the invoice will come by mail.")
