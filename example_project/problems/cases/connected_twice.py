"""A receiver is connected twice."""

from django.dispatch import Signal, receiver

from problems.models import Letter
from problems.pages import show

# The problem ---------------------------------------------------------------------------------

# sender: the class Letter. title: str. reader: str.
book_borrowed = Signal()


@receiver(book_borrowed)
def write_receipt(sender, title, reader, **kwargs):  # The panel points here.
    Letter.objects.create(to=reader, text=f"You have borrowed {title}.")


def connect():
    # Called in AppConfig.ready, "to be sure". But the decorator has connected it already, and with
    # a dispatch_uid it is another receiver to Django.
    book_borrowed.connect(write_receipt, dispatch_uid="problems.write_receipt")


def problem(request):
    before = Letter.objects.count()
    book_borrowed.send(sender=Letter, title="Around the World in Eighty Days", reader="Phileas Fogg")
    return show(request, f"One book was borrowed, and {Letter.objects.count() - before} receipts written.")


# The twin ------------------------------------------------------------------------------------

# sender: the class Letter. title: str. reader: str.
book_returned = Signal()


@receiver(book_returned, dispatch_uid="problems.write_thanks")
def write_thanks(sender, title, reader, **kwargs):
    Letter.objects.create(to=reader, text=f"You have brought back {title}.")


def connect_twin():
    # Called in AppConfig.ready as well. Under the same dispatch_uid the second connect() does nothing.
    book_returned.connect(write_thanks, dispatch_uid="problems.write_thanks")


def twin(request):
    before = Letter.objects.count()
    book_returned.send(sender=Letter, title="Around the World in Eighty Days", reader="Phileas Fogg")
    return show(request, f"One book was returned, and {Letter.objects.count() - before} receipt written.")
