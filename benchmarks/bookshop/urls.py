"""The bookshop's addresses, and a page whose request has about as many spans as its address says."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from benchmarks.bookshop import SPANS_OF_A_SHELF
from bookshop.urls import urlpatterns as of_the_bookshop
from shop import signals
from shop.models import Book


def spans(request: HttpRequest, count: int) -> HttpResponse:
    shelves = count // SPANS_OF_A_SHELF
    for shelf in range(shelves):
        signals.shelf_reached.send(sender=Book, shelf=shelf)
    return render(request, "shop/stock_take.html", {"shelves": shelves})


urlpatterns = [path("spans/<int:count>/", spans), *of_the_bookshop]
