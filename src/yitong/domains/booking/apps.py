from django.apps import AppConfig


class BookingConfig(AppConfig):
    name = "yitong.domains.booking"
    label = "booking"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from yitong.domains.booking import handlers

        assert handlers  # imported for the reactions that it registers
