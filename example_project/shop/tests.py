"""How signals are tested: a receiver by itself, that it is connected, and what a send sets off."""

# ruff: noqa: PT009 - run by unittest, which explains a failed assertEqual but not a bare assert

from decimal import Decimal
from unittest import mock

from django.contrib.auth import get_user_model
from django.test import TestCase
from django.urls import reverse

import signal_panel
from shop import receivers, signals
from shop.models import Author, Book, Order, Tag
from shop.views import place_order


class ShopTestCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.author = Author.objects.create(name="Jules Verne")
        cls.book = Book.objects.create(
            isbn="9781404300002", title="Kéraban", author=cls.author, year=1883, price=Decimal(9)
        )


class ReceiverTests(ShopTestCase):
    """A receiver is a function: call it, there is no need to send anything."""

    def test_index_book_fills_in_the_words(self):
        book = Book(title="The Begum's Fortune", author=self.author, year=1879)
        receivers.index_book(sender=Book, instance=book)
        self.assertEqual(book.words, "the begum's fortune jules verne 1879")

    def test_remember_price_does_not_load_a_price_left_out(self):
        with self.assertNumQueries(1):
            book = Book.objects.only("title").get()
        self.assertIsNone(book.loaded_price)

    def test_reorder_only_what_is_low(self):
        self.book.stock = 4
        self.book.save()
        receivers.reorder(sender=Order, books=[self.book])
        self.book.refresh_from_db()
        self.assertEqual(self.book.stock, 24)
        with self.assertNumQueries(0):
            receivers.reorder(sender=Order, books=[self.book])


class ConnectionTests(ShopTestCase):
    """That the receivers are connected shows in what a save changes."""

    def test_a_new_reader_has_a_profile(self):
        reader = get_user_model().objects.create_user("reader")
        self.assertEqual(reader.profile.visits, 0)
        reader.save()  # no second profile: that would fail

    def test_tags_know_their_number_of_books(self):
        tag = Tag.objects.create(name="adventure")
        tag.books.add(self.book)
        tag.refresh_from_db()
        self.assertEqual(tag.book_count, 1)
        self.author.delete()
        tag.refresh_from_db()
        self.assertEqual(tag.book_count, 0)


class SendingTests(ShopTestCase):
    """That a signal is sent shows in a receiver of the test's own."""

    def test_a_quote_tells_the_books_and_the_total(self):
        # Django holds receivers weakly: this one lasts as long as the test's own variable.
        heard = mock.Mock()
        signals.price_quoted.connect(heard)
        self.addCleanup(signals.price_quoted.disconnect, heard)

        self.client.get(reverse("shop:quote"), {"book": self.book.pk})

        heard.assert_called_once_with(
            signal=signals.price_quoted, sender=Book, books=[self.book], total=Decimal(9)
        )


class RecordedTests(ShopTestCase):
    """What one action sets off altogether shows in a recording."""

    def test_an_order_survives_the_receiver_that_fails(self):
        with self.assertLogs("django.dispatch", "ERROR"), signal_panel.record() as recording:
            order = place_order("reader@example.com", [self.book])

        order.refresh_from_db()
        self.assertEqual(order.status, Order.Status.PAID)
        (placed,) = (send for send in recording.sends if send.signal == "shop.signals.order_placed")
        self.assertEqual(
            {call.receiver: call.exception for call in placed.calls},
            {
                "shop.receivers.count_sale": None,
                "shop.receivers.charge_card": None,
                "shop.receivers.send_confirmation": None,
                "shop.receivers.book_courier": "shop.receivers.WarehouseClosedError",
                "shop.receivers.reserve_stock": None,
            },
        )

    def test_indexing_an_order_does_not_save_it_again(self):
        with signal_panel.record() as recording:
            Order.objects.create(email="reader@example.com")

        saves = [send for send in recording.sends if send.signal.endswith(".post_save")]
        self.assertEqual([send.sender for send in saves], ["shop.models.Order"])

    def test_who_listens_to_a_saved_book(self):
        with signal_panel.record() as recording:
            self.book.save()

        self.assertEqual(
            [call.receiver for call in recording.calls],
            ["shop.receivers.index_book", "shop.receivers.note_price_change"],
        )
