"""Entries and members. The protected fields come from acrawriter.django; nothing else differs from
models that are not protected, save for one habit: no `__str__` names a protected value, because
Django's admin keeps what it returns, in the clear, in the table of its log.
"""
from acrawriter.django import CharField, EmailField, TextField
from django.db import models
from django.urls import reverse


class Entry(models.Model):
    headline = CharField(max_length=200)
    summary = TextField(blank=True)
    body = TextField()
    author = CharField(max_length=100)
    published = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-published", "-id"]
        verbose_name_plural = "entries"

    def __str__(self):
        return f"Entry {self.pk}"

    def get_absolute_url(self):
        return reverse("entry", args=[self.pk])


class Member(models.Model):
    display_name = models.CharField(max_length=100)
    contact_email = EmailField()
    billing_email = EmailField(help_text="Where invoices go.")
    recovery_email = EmailField(blank=True, null=True, help_text="If the others fail.")

    class Meta:
        ordering = ["display_name"]

    def __str__(self):
        return f"Member {self.pk}"

    def get_absolute_url(self):
        return reverse("members")
