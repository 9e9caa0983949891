from django.db import models


class Guest(models.Model):
    email = models.EmailField()

    def __str__(self) -> str:
        return self.email
