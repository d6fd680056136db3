"""Django's settings. Whatever differs between places comes from the environment; `yitong doctor` checks it."""

import base64
import os

from yitong.config import databases, environment, keys, logging
from yitong.config.paths import data_dir

DATA_DIR = data_dir()
PUBLIC_URL = os.environ.get("YITONG_PUBLIC_URL", f"http://127.0.0.1:{os.environ.get('PORT', '8000')}")
HTTPS = PUBLIC_URL.startswith("https://")

DEBUG = False
YITONG_DEMO = os.environ.get("YITONG_DEMO") == "1"  # shows what a real place hides: text messages with their codes
YITONG_PROXIES = environment.number("YITONG_PROXIES", 0)  # reverse proxies of our own before us
YITONG_COUNTER = os.environ.get("YITONG_COUNTER") == "1"  # the booking window answers under /counter/ of this address
SECRET_KEY = base64.b64encode(keys.read("secret")).decode()
YITONG_MASTER_KEYS = keys.master_keys  # read anew when asked
YITONG_SEALING_KEY = keys.read("sealing")
YITONG_SEALING_TRUSTED = keys.trusted_signers()  # public keys of earlier signers
YITONG_CIPHER = environment.one_of("YITONG_CIPHER", "AES-256-GCM", "SM4-GCM")
YITONG_HASH = environment.one_of("YITONG_HASH", "SHA-256", "SM3")  # for the index key when it is made
ALLOWED_HOSTS = [
    "127.0.0.1",
    "localhost",
    "[::1]",
    environment.host_of(PUBLIC_URL) or "localhost",
    *filter(None, os.environ.get("YITONG_ALLOWED_HOSTS", "").split(",")),
]

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "procrastinate.contrib.django",
    "yitong.core.db.apps.CoreConfig",
    "yitong.domains.notify.apps.NotifyConfig",
    "yitong.domains.people.apps.PeopleConfig",
    "yitong.domains.access.apps.AccessConfig",
    "yitong.domains.hospitals.apps.HospitalsConfig",
    "yitong.domains.schedule.apps.ScheduleConfig",
    "yitong.domains.booking.apps.BookingConfig",
    "yitong.domains.fairness.apps.FairnessConfig",
    "yitong.domains.draws.apps.DrawsConfig",
    "yitong.domains.waitlist.apps.WaitlistConfig",
    "yitong.faces.common",
    "yitong.faces.patient",
    "yitong.faces.desk",
    "yitong.faces.office",
    "yitong.faces.api",
    "yitong.config.apps.PlugsConfig",
]

# Nobody here uses Django's own sessions, users or messages: account holders and staff have sessions of our own
# (faces.common.actors), the last act's notice a signed cookie (faces.common.pages).
MIDDLEWARE = [
    "yitong.faces.common.middleware.TraceMiddleware",
    "yitong.config.logging.RequestLog",
    "yitong.faces.common.security.SecurityHeaders",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "yitong.faces.common.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "yitong.faces.common.actors.ActorMiddleware",
    "yitong.faces.common.middleware.ReferenceMiddleware",
    "yitong.faces.common.middleware.RefusalMiddleware",
]

ROOT_URLCONF = "yitong.config.urls"
WSGI_APPLICATION = "yitong.config.wsgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
            ],
        },
    }
]

# Pages for visitors keep places, prices and rules in the process while their tables stand still (core.db.reference).
YITONG_KEEPS_REFERENCE = os.environ.get("YITONG_KEEPS_REFERENCE") == "1"
# What tells what is left is kept for moments, also between the web processes of a machine (faces.common.lately), in a
# folder of their own: whoever can write there can write our pages.
_KEPT_DIR = os.environ.get("YITONG_KEPT_DIR")
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "lately": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": _KEPT_DIR,
        "OPTIONS": {"MAX_ENTRIES": 2_000},
    }
    if _KEPT_DIR
    else {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
}
DATABASES = {"default": databases.settings_for(databases.url(), pool=os.environ.get("YITONG_POOL", "0") == "1")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "access.Staff"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["login", "name"]},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [os.path.join(os.path.dirname(__file__), "locale")]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
# `yitong up` gathers hashed and compressed files; before that (in tests) they are served from where they lie.
STATIC_GATHERED = os.environ.get("YITONG_STATIC", "") == "gathered"
WHITENOISE_USE_FINDERS = not STATIC_GATHERED
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "yitong.config.static.GatheredFiles"
        if STATIC_GATHERED
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = HTTPS
CSRF_FAILURE_VIEW = "yitong.faces.common.refusals.csrf_failure"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_621_440

PROCRASTINATE_ON_APP_READY = None
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"

LOGGING_CONFIG = None
logging.configure()
