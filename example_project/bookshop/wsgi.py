"""The bookshop for a WSGI server: ``gunicorn --threads 4 bookshop.wsgi``."""

import os

from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bookshop.settings")

application = get_wsgi_application()
if settings.DEBUG:  # runserver serves static files by itself; gunicorn does not
    application = StaticFilesHandler(application)
