"""The shop's own signals."""

from django.dispatch import Signal

order_placed = Signal()  # order
page_streamed = Signal()  # number
page_turned = Signal()  # number
