from django.conf import settings
from django.db import models


class Profile(models.Model):
    """What the shop knows of a reader beside the login."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    visits = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"Profile of {self.user}"
