from django.apps import AppConfig


class ShopConfig(AppConfig):
    name = "tests.shop"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from tests.shop import receivers  # noqa: F401
