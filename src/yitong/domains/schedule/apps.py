from django.apps import AppConfig


class ScheduleConfig(AppConfig):
    name = "yitong.domains.schedule"
    label = "schedule"
    default_auto_field = "django.db.models.BigAutoField"
