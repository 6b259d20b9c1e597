"""Settings of the site. Two things make it a protected one: the key that values are sealed with, and
the port of the database, which is that of the connector.
"""
import os
from pathlib import Path

from django.core.management.utils import get_random_secret_key

BASE_DIR = Path(__file__).resolve().parent.parent


def from_environment(name, fallback):
    """Each can be given in the environment, as EXAMPLE_ and its name."""
    return os.environ.get(f"EXAMPLE_{name}", fallback)


# 1. The public storage key: it seals, and opens nothing.
PUBLIC_KEY_FILE = from_environment("PUBLIC_KEY", ".acrakeys/blogsite_storage.pub")
ACRA_SERVER_PUBLIC_KEY = Path(PUBLIC_KEY_FILE).read_bytes()

# 2. The connector in place of the database.
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": from_environment("HOST", "127.0.0.1"),
        "PORT": from_environment("PORT", "9494"),
        "NAME": from_environment("DB_NAME", "blog"),
        "USER": from_environment("DB_USER", "blog"),
        "PASSWORD": from_environment("DB_PASSWORD", "blog"),
    }
}

# Everything below is as in any site of Django.
DEBUG = from_environment("DEBUG", "1") == "1"
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
# Drawn at every start unless it is given: whoever was logged in has to log in again.
SECRET_KEY = from_environment("SECRET_KEY", "") or get_random_secret_key()

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "blog",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

ROOT_URLCONF = "website.urls"
WSGI_APPLICATION = "website.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "entries"
