from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "yitong.domains.people"
    label = "people"
    default_auto_field = "django.db.models.BigAutoField"
