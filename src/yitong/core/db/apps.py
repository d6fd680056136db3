from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "yitong.core"
    label = "core"
    verbose_name = "core"
    default_auto_field = "django.db.models.BigAutoField"

    def import_models(self) -> None:
        # The kernel's models stand in core/db, the only half that knows Django.
        from importlib import import_module

        from django.apps import apps

        self.models = apps.all_models[self.label]
        self.models_module = import_module("yitong.core.db.models")

    def ready(self) -> None:
        from yitong.core.db.models import Event
        from yitong.core.db.sealing import register_log

        register_log("events", Event)
