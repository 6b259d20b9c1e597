"""Addresses of the pages."""
from django.urls import path

from . import views

urlpatterns = [
    path("", views.EntryList.as_view(), name="entries"),
    path("entries/<int:pk>/", views.EntryPage.as_view(), name="entry"),
    path("entries/add/", views.AddEntry.as_view(), name="add_entry"),
    path("members/", views.MemberList.as_view(), name="members"),
    path("members/add/", views.AddMember.as_view(), name="add_member"),
]
