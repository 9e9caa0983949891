import asyncio

import factory
from django.dispatch import Signal
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.template import engines
from django.template.response import TemplateResponse
from django.test import Client
from django.views import View

from tests.shop.models import Order
from tests.shop.signals import page_streamed, page_turned

PAGE = "<!doctype html><html><head><title>Shop</title></head><body>{}</body></html>"


def plain(request):
    return HttpResponse(PAGE.format("Hello"))


def order(request):
    Order.objects.create()
    return HttpResponse(PAGE.format("Ordered"))


class Orders(factory.django.DjangoModelFactory):
    """An installed package that saves on behalf of whoever calls it."""

    class Meta:
        model = Order


def order_by_package(request):
    Orders()
    return HttpResponse(PAGE.format("Ordered"))


def order_json(request):
    Order.objects.create()
    return JsonResponse({"ordered": True})


async def async_order(request):
    await Order.objects.acreate()
    return HttpResponse(PAGE.format("Ordered"))


async def async_plain(request):
    await page_streamed.asend(sender=None, number=0)
    return HttpResponse(PAGE.format("Hello"))


def template(request):
    return TemplateResponse(request, engines["django"].from_string(PAGE.format("Rendered")))


class OwnRendering(HttpResponse):
    """Has ``render()``, by which Django knows a template's response, and is none."""

    def render(self):
        self.content = PAGE.format("Rendered")
        return self


def own_rendering(request):
    return OwnRendering()


def streaming(request):
    def pages():
        for number in range(3):
            page_streamed.send(sender=None, number=number)
            yield f"page {number}\n"

    return StreamingHttpResponse(pages(), content_type="text/plain")


async def async_streaming(request):
    async def pages():
        for number in range(3):
            await page_streamed.asend(sender=None, number=number)
            yield f"page {number}\n"

    return StreamingHttpResponse(pages(), content_type="text/plain")


def failing(request):
    page_streamed.send(sender=None, number=1)
    raise RuntimeError("the view failed")


def nothing(request):
    """Forgets to return a response."""


def asks_itself(request):
    return HttpResponse(Client().get("/plain/").content)


class ClassBased(View):
    def get(self, request):
        return HttpResponse(PAGE.format("Hello"))


def many(request):
    for number in range(1000):
        page_turned.send(sender=None, number=number)
    return HttpResponse(PAGE.format("Many"))


def markup(request):
    def receiver(**kwargs):
        pass

    receiver.__qualname__ = "<script>alert(1)</script>"
    page_streamed.connect(receiver)
    page_streamed.send(sender=type("<b>", (), {}), number=0)
    page_streamed.disconnect(receiver)
    return HttpResponse(PAGE.format("Markup"))


outliving = []


async def outlived(request):
    """Leaves behind a send whose receiver still waits, and what lets it go on."""
    may_go_on = asyncio.Event()

    async def waits(**kwargs):
        await may_go_on.wait()

    signal = Signal()
    signal.connect(waits, weak=False)
    task = asyncio.create_task(signal.asend(sender=None))
    await asyncio.sleep(0.001)
    outliving.append((may_go_on, task))
    return HttpResponse(PAGE.format("Outlived"))
