from django.db.models.signals import post_save
from django.dispatch import receiver

from tests.shop.models import Book, Order
from tests.shop.signals import order_placed, page_turned


@receiver(post_save, sender=Order)
def announce_order(instance, **kwargs):
    order_placed.send_robust(sender=Order, order=instance)


@receiver(order_placed)
def reserve_book(order, **kwargs):
    Book.objects.create(title="Reserved")


@receiver(order_placed)
def refuse(order, **kwargs):
    raise ValueError("out of stock")


@receiver(page_turned)
def count_page(**kwargs):
    pass
