from django.apps import AppConfig


class PlugsConfig(AppConfig):
    name = "yitong.config"
    label = "config"

    def ready(self) -> None:
        from django.conf import settings

        from yitong.config.plugs import plug_all

        plug_all(demo=settings.YITONG_DEMO)
