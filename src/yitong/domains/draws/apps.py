from django.apps import AppConfig


class DrawsConfig(AppConfig):
    name = "yitong.domains.draws"
    label = "draws"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from yitong.domains.draws import handlers

        assert handlers  # imported for the reactions that it registers
