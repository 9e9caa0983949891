from django.apps import AppConfig


class ShopConfig(AppConfig):
    name = "shop"

    def ready(self) -> None:
        # Importing the module connects its receivers, once every model is there.
        from shop import receivers  # noqa: F401
