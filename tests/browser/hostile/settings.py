"""The bookshop's settings, with what the tests of security need on top."""

from bookshop.settings import *  # noqa: F403
from bookshop.settings import MIDDLEWARE as BOOKSHOPS

ROOT_URLCONF = "tests.browser.hostile.urls"
MIDDLEWARE = ["tests.browser.hostile.csp.content_security_policy", *BOOKSHOPS]
# Django's own way to say it, from 6.0 on.
SECURE_CSP = {
    "default-src": ["'self'"],
    "script-src": ["<CSP_NONCE_SENTINEL>", "'strict-dynamic'"],
}
