"""Static files under hashed names, compressed; each name is worked out once in a process."""

from functools import cache

from whitenoise.storage import CompressedManifestStaticFilesStorage


class GatheredFiles(CompressedManifestStaticFilesStorage):
    """A page names a dozen files and icons, and their addresses don't change while the process lives."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.url = cache(super().url)
