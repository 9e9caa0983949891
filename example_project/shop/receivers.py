"""What the shop does when something has happened.

Receivers run inside the ``send()``, one after the other, while the reader waits for the page. So
each does one small thing, says in its name which, and takes ``**kwargs``. Where one is slow here,
it is so on purpose: look for it on the timeline.
"""

import asyncio
import logging
import time
from collections import Counter
from decimal import Decimal
from typing import NamedTuple

from django.db import transaction
from django.db.models import F
from django.db.models.signals import (
    m2m_changed,
    post_delete,
    post_init,
    post_save,
    pre_delete,
    pre_save,
)
from django.dispatch import receiver

from shop import signals
from shop.models import Author, Book, Order, Payment, Tag

logger = logging.getLogger(__name__)

# Books and authors ---------------------------------------------------------------------------


@receiver(post_init, sender=Book)
def remember_price(sender, instance, **kwargs):
    # This runs for every book of every query, so it must cost next to nothing. From `__dict__`:
    # with `.only("title")` the price is not loaded, and reading it would be one more query.
    instance.loaded_price = instance.__dict__.get("price")


@receiver(pre_save, sender=Book)
def index_book(sender, instance, **kwargs):
    # Before the save, the words go into the database with the book: no second query.
    instance.words = f"{instance.title} {instance.author.name} {instance.year}".lower()


@receiver(post_save, sender=Book)
def note_price_change(sender, instance, created, **kwargs):
    if not created and instance.price != instance.loaded_price:
        logger.info("%s: %s instead of %s", instance, instance.price, instance.loaded_price)
    instance.loaded_price = instance.price


@receiver(pre_delete, sender=Author)
def note_departure(sender, instance, **kwargs):
    # Before the delete: the books can still be counted.
    logger.info("%s leaves the shop with %d books", instance, instance.books.count())


@receiver(post_delete, sender=Book)
def forget_book(sender, instance, **kwargs):
    # One query for each book of the author. The rows between books and tags are deleted in the
    # cascade too, but Django sends no signals for them.
    Tag.objects.recount()


@receiver(m2m_changed, sender=Book.tags.through)
def recount_tags(sender, action, **kwargs):
    # Sent before and after each of add, remove and clear.
    if action in {"post_add", "post_remove", "post_clear"}:
        Tag.objects.recount()


# Orders --------------------------------------------------------------------------------------


@receiver(post_save, sender=Order)
def index_order(sender, instance, **kwargs):
    # `update()` sends no signals. `instance.save()` would call this receiver again, and again.
    Order.objects.filter(pk=instance.pk).update(words=f"{instance.email} {instance.status}")


@receiver(post_save, sender=Order)
def tell_staff(sender, instance, created, **kwargs):
    # The order is saved again when it is paid: without `created` the staff would hear of it twice.
    if created:
        logger.info("%s has come in", instance)


sales = Counter()


@receiver(signals.order_placed)
def count_sale(sender, order, **kwargs):
    sales[order.placed_at.date()] += 1


# A dispatch_uid on those that would hurt when connected twice: under the same one, the second
# connect() does nothing, even when this module was imported under two names.
@receiver(signals.order_placed, dispatch_uid="shop.charge_card")
def charge_card(sender, order, **kwargs):
    with transaction.atomic():
        Payment.objects.create(order=order, amount=order.total)
        order.status = Order.Status.PAID
        order.save(update_fields=["status"])


@receiver(signals.order_placed, dispatch_uid="shop.send_confirmation")
def send_confirmation(sender, order, **kwargs):
    time.sleep(0.03)  # A mail server takes its time. A site would hand this to a task queue.
    logger.info("Confirmation of %s sent to %s", order, order.email)


class WarehouseClosedError(Exception):
    pass


@receiver(signals.order_placed)
def book_courier(sender, order, **kwargs):
    # send_robust() catches this, logs it, and goes on with the next receiver.
    raise WarehouseClosedError("Nobody answers at the warehouse.")


@receiver(signals.order_placed)
def reserve_stock(sender, order, **kwargs):
    books = [line.book for line in order.lines.select_related("book")]
    Book.objects.filter(pk__in=[book.pk for book in books]).update(stock=F("stock") - 1)
    for book in books:
        book.stock -= 1
    signals.stock_reserved.send(sender=Order, order=order, books=books)


@receiver(signals.stock_reserved)
def reorder(sender, books, **kwargs):
    low = [book.pk for book in books if book.stock < 5]
    if low:
        Book.objects.filter(pk__in=low).update(stock=F("stock") + 20)


@receiver(signals.price_quoted)
def note_interest(sender, books, **kwargs):
    time.sleep(0.015)
    logger.info("Somebody looks at %s", ", ".join(map(str, books)))


# Offers: sync and async receivers of one asend() -----------------------------------------------


class Offer(NamedTuple):
    supplier: str
    price: Decimal


@receiver(signals.offers_wanted)
def check_own_stock(sender, book, **kwargs):
    # A sync receiver of an asend() runs in a thread. All sync ones share it, one after the other.
    time.sleep(0.015)
    return Offer("Our own shelf", book.price)


@receiver(signals.offers_wanted)
async def ask_wholesaler(sender, book, **kwargs):
    await asyncio.sleep(0.03)  # the wholesaler's answer
    offer = Offer("Wholesaler", round(book.price * Decimal("0.82"), 2))
    await signals.offer_received.asend(sender=Book, book=book, offer=offer)
    return offer


@receiver(signals.offers_wanted)
async def ask_publisher(sender, book, **kwargs):
    await asyncio.sleep(0.02)  # the publisher's answer
    offer = Offer("Publisher", round(book.price * Decimal("0.9"), 2))
    await signals.offer_received.asend(sender=Book, book=book, offer=offer)
    return offer


@receiver(signals.offer_received)
def log_offer(sender, book, offer, **kwargs):
    logger.info("%s offers %s for %s", offer.supplier, book, offer.price)


@receiver(signals.offer_received)
async def watch_market(sender, offer, **kwargs):
    await asyncio.sleep(0.005)


# Export and stock-take -------------------------------------------------------------------------


@receiver(signals.rows_exported)
def log_export(sender, rows, **kwargs):
    logger.info("%d rows exported", rows)


COPIES_ON_A_SHELF = 332

counted = Counter()


@receiver(signals.shelf_reached)
def count_shelf(sender, shelf, **kwargs):
    for copy in range(COPIES_ON_A_SHELF):
        signals.copy_counted.send(sender=Book, shelf=shelf, copy=copy)


@receiver(signals.copy_counted)
def add_up(sender, shelf, **kwargs):
    counted[shelf] += 1


@receiver(signals.copy_counted)
def check_place(sender, shelf, copy, **kwargs):
    return copy < COPIES_ON_A_SHELF
