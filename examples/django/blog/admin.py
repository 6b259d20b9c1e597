"""Both tables in Django's admin. The database cannot sort or search protected columns."""
from django.contrib import admin

from .models import Entry, Member


@admin.register(Entry)
class EntryAdmin(admin.ModelAdmin):
    list_display = ["id", "headline", "author", "published"]
    sortable_by = ["id", "published"]


@admin.register(Member)
class MemberAdmin(admin.ModelAdmin):
    list_display = ["display_name", "contact_email", "billing_email", "recovery_email"]
    sortable_by = ["display_name"]
