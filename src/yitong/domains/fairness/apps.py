from django.apps import AppConfig


class FairnessConfig(AppConfig):
    name = "yitong.domains.fairness"
    label = "fairness"
    default_auto_field = "django.db.models.BigAutoField"
