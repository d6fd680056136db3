"""The addresses of the API: `/api/v1/`."""

from django.urls import URLPattern, URLResolver, path

from yitong.faces.api import app, docs

api = app.make()

urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/docs", docs.show, name="api_docs"),
    path("v1/problems", docs.problems, name="api_problems"),
    path("v1/", api.urls),
]
