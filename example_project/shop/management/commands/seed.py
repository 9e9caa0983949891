"""Fill the shop: `manage.py seed`. Running it again changes nothing."""

import csv
from pathlib import Path

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand
from django.db import transaction

from accounts.views import DEMO_READER
from shop.models import Author, Book, Tag

BOOKS = Path(__file__).parents[2] / "data" / "books.csv"


class Command(BaseCommand):
    help = "Fill the shop with classics, and make a reader who can log in."

    @transaction.atomic
    def handle(self, *args, **options):
        with BOOKS.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        for row in rows:
            author, _ = Author.objects.get_or_create(name=row["author"])
            book, is_new = Book.objects.get_or_create(
                isbn=row["isbn"],
                defaults={
                    "title": row["title"],
                    "author": author,
                    "year": row["year"],
                    "price": row["price"],
                },
            )
            if is_new:
                names = row["tags"].split(" / ")
                book.tags.set([Tag.objects.get_or_create(name=name)[0] for name in names])
        users = get_user_model().objects
        if not users.filter(username=DEMO_READER["username"]).exists():
            users.create_user(**DEMO_READER)
        self.stdout.write(f"{len(rows)} books are in the shop.")
