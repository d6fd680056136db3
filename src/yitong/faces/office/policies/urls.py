from django.urls import path

from yitong.faces.office.policies import views

urlpatterns = [
    path("", views.rules, name="policies"),
    path("<str:name>/", views.rule, name="policy"),
    path("<str:name>/decide/", views.decide, name="policy_decide"),
]
