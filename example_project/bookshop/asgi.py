"""The bookshop for an ASGI server: ``uvicorn bookshop.asgi:application``."""

import os

from django.conf import settings
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bookshop.settings")

application = get_asgi_application()
if settings.DEBUG:  # runserver serves static files by itself; uvicorn does not
    application = ASGIStaticFilesHandler(application)
