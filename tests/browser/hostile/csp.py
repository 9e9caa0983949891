"""Puts every page under the policy that its cookie ``policy`` asks for."""

import secrets
from urllib.parse import unquote


def content_security_policy(get_response):
    """``NONCE`` in the policy stands for the request's nonce, which the toolbar finds on the request.

    The policy ``django`` is that of Django's own middleware, from the settings.
    """

    def respond(request):
        policy = unquote(request.COOKIES.get("policy", ""))
        if policy == "django":
            from django.middleware.csp import ContentSecurityPolicyMiddleware, get_nonce

            def page(request):
                str(get_nonce(request))  # Django has none where no page asks, and the toolbar does not
                return get_response(request)

            return ContentSecurityPolicyMiddleware(page)(request)
        nonce = secrets.token_urlsafe(16)
        if "NONCE" in policy:
            request.csp_nonce = nonce
        response = get_response(request)
        if policy:
            response["Content-Security-Policy"] = policy.replace("NONCE", nonce)
        return response

    return respond
