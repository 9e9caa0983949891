"""Books, their authors and tags; orders and what was paid for them."""

from django.db import models
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce


class Author(models.Model):
    name = models.CharField(max_length=100, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class TagQuerySet(models.QuerySet):
    def recount(self) -> None:
        """Bring ``book_count`` up to date, for all tags in one query."""
        per_tag = Book.tags.through.objects.filter(tag=OuterRef("pk")).order_by().values("tag")
        count = Subquery(per_tag.annotate(count=Count("pk")).values("count"))
        self.update(book_count=Coalesce(count, 0))


class Tag(models.Model):
    name = models.CharField(max_length=50, unique=True)
    book_count = models.PositiveIntegerField(default=0, editable=False)

    objects = TagQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Book(models.Model):
    isbn = models.CharField(max_length=13, unique=True)
    title = models.CharField(max_length=200)
    author = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="books")
    tags = models.ManyToManyField(Tag, related_name="books")
    year = models.SmallIntegerField(help_text="Negative: before the common era.")
    price = models.DecimalField(max_digits=6, decimal_places=2)
    stock = models.IntegerField(default=12)
    words = models.TextField(editable=False, help_text="What the search looks at.")

    class Meta:
        ordering = ["title", "pk"]

    def __str__(self) -> str:
        return self.title


class Order(models.Model):
    class Status(models.TextChoices):
        PLACED = "placed"
        PAID = "paid"

    email = models.EmailField()
    placed_at = models.DateTimeField(auto_now_add=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.PLACED)
    words = models.TextField(editable=False, help_text="What the search looks at.")

    def __str__(self) -> str:
        return f"Order {self.pk}"

    @property
    def total(self):
        return sum(line.price for line in self.lines.all())


class OrderLine(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    book = models.ForeignKey(Book, on_delete=models.PROTECT)
    price = models.DecimalField(max_digits=6, decimal_places=2)

    def __str__(self) -> str:
        return str(self.book)


class Payment(models.Model):
    order = models.OneToOneField(Order, on_delete=models.CASCADE)
    amount = models.DecimalField(max_digits=8, decimal_places=2)

    def __str__(self) -> str:
        return f"{self.amount} for {self.order}"
