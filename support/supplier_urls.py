"""Addresses of suppliers: one for all languages, as in the mails that lead there."""

from __future__ import annotations

from django.urls import path

from support.views import supplier_question, supplier_return

urlpatterns = [
    path("supplier/returns/<str:signed>/", supplier_return.page, name="supplier-return"),
    path("supplier/<str:signed>/", supplier_question.question, name="supplier-question"),
    path("supplier/<str:signed>/files/<str:token>/", supplier_question.question_file, name="supplier-question-file"),
]
