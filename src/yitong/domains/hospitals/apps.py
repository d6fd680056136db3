from django.apps import AppConfig


class HospitalsConfig(AppConfig):
    name = "yitong.domains.hospitals"
    label = "hospitals"
    default_auto_field = "django.db.models.BigAutoField"
