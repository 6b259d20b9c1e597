"""Pages: everybody reads entries; who is logged in writes them, and sees the members."""
from django.contrib.auth.mixins import LoginRequiredMixin
from django.views.generic import CreateView, DetailView, ListView

from .models import Entry, Member


class EntryList(ListView):
    model = Entry


class EntryPage(DetailView):
    model = Entry


class AddEntry(LoginRequiredMixin, CreateView):
    model = Entry
    fields = ["headline", "summary", "body", "author"]
    template_name = "blog/form.html"
    extra_context = {"title": "Add an entry"}


class MemberList(LoginRequiredMixin, ListView):
    model = Member


class AddMember(LoginRequiredMixin, CreateView):
    model = Member
    fields = ["display_name", "contact_email", "billing_email", "recovery_email"]
    template_name = "blog/form.html"
    extra_context = {"title": "Add a member"}
