"""Sign up, log in, log out.

A site would redirect after each of these forms. Here the answer is the page itself, so that the
toolbar on it shows the request that sent the signals (after a redirect, it would be in History).
"""

from django.contrib.auth import get_user_model, logout
from django.contrib.auth import login as log_in
from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

# Made by `manage.py seed`.
DEMO_READER = {"username": "reader", "password": "a-book-a-day"}


def sign_up(request: HttpRequest) -> HttpResponse:
    form = UserCreationForm(request.POST or None, initial={"username": free_username()})
    if request.method == "POST" and form.is_valid():
        reader = form.save()
        return render(request, "accounts/welcome.html", {"reader": reader})
    return render(request, "accounts/signup.html", {"form": form})


def free_username() -> str:
    return f"reader-{get_user_model().objects.count() + 1}"


class LogIn(LoginView):
    template_name = "accounts/login.html"
    extra_context = {"demo_reader": DEMO_READER}

    def form_valid(self, form):
        log_in(self.request, form.get_user())
        return render(self.request, "accounts/logged_in.html")


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return render(request, "accounts/logged_out.html")
