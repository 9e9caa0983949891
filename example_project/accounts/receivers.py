"""What happens when readers sign up, log in and log out.

Django's own signals are used here; those of the shop are in ``shop/signals.py``.
"""

import logging
import time

from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models import F
from django.db.models.signals import post_save
from django.dispatch import receiver

from accounts.models import Profile

logger = logging.getLogger(__name__)


# The sender as a string: a model signal waits until that model is loaded, so this module needs
# to import neither the user model nor `get_user_model()`, and goes with any AUTH_USER_MODEL.
@receiver(post_save, sender=settings.AUTH_USER_MODEL, dispatch_uid="accounts.make_profile")
def make_profile(sender, instance, created, raw, **kwargs):
    """Give a new reader a profile.

    ``post_save`` also comes for every later save (a log-in is one: it saves ``last_login``), and
    for ``loaddata``, which brings the profile in its own fixture (``raw``).
    """
    if created and not raw:
        Profile.objects.create(user=instance)


@receiver(user_logged_in)
def count_visit(sender, user, **kwargs):
    # One UPDATE, counted by the database. `update()` sends no signals, `save()` would.
    Profile.objects.filter(user=user).update(visits=F("visits") + 1)


@receiver(user_login_failed)
def slow_down_guessing(sender, credentials, **kwargs):
    time.sleep(0.025)
    # Django has already replaced the password in `credentials` by asterisks.
    logger.info("Failed log-in of %s", credentials.get("username"))


@receiver(user_logged_out)
def say_goodbye(sender, user, **kwargs):
    # `user` is None when nobody was logged in: the signal is sent all the same.
    logger.info("Goodbye, %s", user or "stranger")
