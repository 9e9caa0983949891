"""What the problems are about: a lending library beside the shop.

A model that ends in ``ForTwin`` is a proxy, the same table under another name: it gives the twin a sender
of its own, so that receivers of the problem do not hear it.
"""

import hashlib

from django.db import models
from django.utils.functional import cached_property

from shop.models import Book


class Letter(models.Model):
    """What receivers write to readers."""

    to = models.CharField(max_length=100)
    text = models.TextField()

    def __str__(self) -> str:
        return f"To {self.to}"


class Job(models.Model):
    """Something to do later, by a process that nobody waits for."""

    task = models.CharField(max_length=200)

    def __str__(self) -> str:
        return self.task


class Card(models.Model):
    """A reader's card."""

    reader = models.CharField(max_length=100)
    street = models.CharField(max_length=100)
    city = models.CharField(max_length=100)
    words = models.TextField(editable=False, help_text="What the search looks at.")

    def __str__(self) -> str:
        return self.reader


class Copy(models.Model):
    """One copy of a title."""

    title = models.CharField(max_length=200)
    number = models.PositiveIntegerField()
    label = models.CharField(max_length=250, editable=False)

    class Meta:
        verbose_name_plural = "copies"

    def __str__(self) -> str:
        return self.label


class Loan(models.Model):
    title = models.CharField(max_length=200)
    reader = models.CharField(max_length=100)

    def __str__(self) -> str:
        return f"{self.title}, lent to {self.reader}"


class LoanForTwin(Loan):
    class Meta:
        proxy = True


class Review(models.Model):
    title = models.CharField(max_length=200)
    text = models.TextField()
    word_count = models.PositiveIntegerField(default=0, editable=False)

    def __str__(self) -> str:
        return f"On {self.title}"


class ReviewForTwin(Review):
    class Meta:
        proxy = True


def fingerprint_of(book: Book) -> str:
    """What tells a copy of the book from a forgery; finding it takes the better part of a millisecond."""
    return hashlib.pbkdf2_hmac("sha256", book.isbn.encode(), b"bookshop", 500).hex()


class FingerprintedBook(Book):
    class Meta:
        proxy = True


class FingerprintedBookForTwin(Book):
    class Meta:
        proxy = True

    @cached_property
    def fingerprint(self) -> str:
        return fingerprint_of(self)
