"""The shop's own signals: what others may want to know of, and with which arguments.

A signal is a plain ``Signal()``. Guides written before Django 4.0 list the arguments in
``Signal(providing_args=[...])``; that argument never had any effect and is gone. They are
documented beside each signal instead, and every receiver takes ``**kwargs``, so that a signal can
gain an argument later.
"""

from django.dispatch import Signal

# An order and its lines are in the database, the transaction is over.
# Sent with send_robust: what others make of an order must not undo it.
# sender: the class Order. order: the Order.
order_placed = Signal()

# Copies were put aside for an order.
# sender: the class Order. order: the Order. books: list of Book, with what is left in `stock`.
stock_reserved = Signal()

# Somebody asked what a basket would cost.
# sender: the class Book. books: list of Book. total: Decimal.
price_quoted = Signal()

# The shop looks for the best offer for a book. A receiver may answer with an Offer (or None).
# Sent with asend: async receivers are asked side by side.
# sender: the class Book. book: the Book.
offers_wanted = Signal()

# A supplier has answered.
# sender: the class Book. book: the Book. offer: the Offer.
offer_received = Signal()

# Some more rows of an export are on their way to the reader.
# sender: the class Book. rows: how many so far, int.
rows_exported = Signal()

# The stock-take has come to a shelf.
# sender: the class Book. shelf: int.
shelf_reached = Signal()

# The stock-take has counted one copy.
# sender: the class Book. shelf: int. copy: int, its place on the shelf.
copy_counted = Signal()
