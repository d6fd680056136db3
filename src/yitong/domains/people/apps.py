from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "yitong.domains.people"
    label = "people"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from yitong.core.db.sealing import register_log
        from yitong.domains.people.models import ReadLog

        register_log("reads", ReadLog, shard_field=None)
