"""A bare Django page to compare with: default middleware, one small template, no database."""

import django
from django.conf import settings

settings.configure(
    DEBUG=False,
    SECRET_KEY="bench",  # guards nothing: it serves one public line on loopback
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "loaders": [("django.template.loaders.locmem.Loader", {"page": "<h1>{{ title }}</h1>"})],
                "context_processors": ["django.template.context_processors.request"],
            },
        }
    ],
    DATABASES={},
    MESSAGE_STORAGE="django.contrib.messages.storage.cookie.CookieStorage",
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.shortcuts import render  # noqa: E402
from django.urls import path  # noqa: E402


def page(request: HttpRequest) -> HttpResponse:
    return render(request, "page", {"title": "bare"})


urlpatterns = [path("", page)]
application = get_wsgi_application()
