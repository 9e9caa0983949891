from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        # Importing the module connects its receivers, once every model is there.
        from accounts import receivers  # noqa: F401
