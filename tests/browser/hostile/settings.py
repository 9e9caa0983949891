"""The bookshop's settings, with what the tests of security need on top."""

from bookshop.settings import *  # noqa: F403
from bookshop.settings import MIDDLEWARE as BOOKSHOPS

ROOT_URLCONF = "tests.browser.hostile.urls"
MIDDLEWARE = ["tests.browser.hostile.csp.content_security_policy", *BOOKSHOPS]
