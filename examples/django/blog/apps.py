"""The application as Django knows it."""
from django.apps import AppConfig


class BlogConfig(AppConfig):
    name = "blog"
