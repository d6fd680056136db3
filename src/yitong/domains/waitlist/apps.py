from django.apps import AppConfig


class WaitlistConfig(AppConfig):
    name = "yitong.domains.waitlist"
    label = "waitlist"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from yitong.domains.waitlist import handlers

        assert handlers  # imported for the reactions that it registers
