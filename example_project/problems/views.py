"""The list of the problems. Their own views are in ``problems/cases/``."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from problems.catalogue import PROBLEMS


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "problems/index.html", {"problems": PROBLEMS})
