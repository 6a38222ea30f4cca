"""Addresses of the desk: one for all languages, for its agents' browsers choose theirs."""

from __future__ import annotations

from django.urls import path

from support.views import (
    asking,
    bulk,
    figures,
    inbox,
    mine,
    new_case,
    return_decision,
    return_desk,
    return_learning,
    roster,
    supplier_return,
    workspace,
    workspace_actions,
    workspace_case,
)

CASE = "desk/tickets/<int:pk>/"
LINE = f"{CASE}lines/<int:line_id>/"
RETURN = "desk/returns/<int:pk>/"
app_name = "desk"
urlpatterns = [
    path("desk/", inbox.inbox, name="inbox"),
    path("desk/search/", inbox.inbox, name="search"),
    path("desk/new/", new_case.new, name="new"),
    path("desk/news/", inbox.news, name="news"),
    path("desk/next/", inbox.take, name="next"),
    path("desk/bulk/", bulk.bulk, name="bulk"),
    path("desk/bulk/do/", bulk.do_bulk, name="bulk-do"),
    path("desk/bulk/done/", bulk.bulk_done, name="bulk-done"),
    path("desk/views/", inbox.save_view, name="view-save"),
    path("desk/views/<int:pk>/delete/", inbox.delete_view, name="view-delete"),
    path("desk/mine/", mine.mine, name="mine"),
    path("desk/roster/", roster.roster, name="roster"),
    path("desk/roster/add/", roster.add, name="shift-add"),
    path("desk/roster/<int:pk>/remove/", roster.remove, name="shift-remove"),
    path("desk/roster/hand-over/", roster.hand_over, name="hand-over"),
    path("desk/roster/hand-over/<int:pk>/read/", roster.read, name="hand-over-read"),
    path("desk/figures/", figures.figures_page, name="figures"),
    path("desk/figures/export/", figures.figures_export, name="figures-export"),
    path("desk/returns/", return_desk.returns, name="returns"),
    path("desk/returns/learning/", return_learning.learning_page, name="return-learning"),
    path("desk/returns/learning/export/", return_learning.learning_export, name="return-learning-export"),
    path(RETURN, return_decision.decision, name="return"),
    path(f"{RETURN}answer/<int:decision_id>/", return_decision.answer, name="return-answer"),
    path(f"{RETURN}receive/", return_desk.receipt, name="return-receive"),
    path(f"{RETURN}label/", return_desk.label, name="return-label"),
    path(f"{RETURN}step/", return_desk.step, name="return-step"),
    path(f"{CASE}return/", return_desk.open_return, name="return-open"),
    path("desk/tickets/<int:pk>/ask/", asking.ask, name="ask"),
    path("desk/returns/<int:pk>/supplier/", supplier_return.noted, name="return-supplier-word"),
    path("desk/questions/<int:pk>/", asking.question, name="question"),
    path("desk/questions/<int:pk>/close/", asking.question_close, name="question-close"),
    path(CASE, workspace.ticket, name="ticket"),
    path(f"{CASE}reply/", workspace.reply, name="reply"),
    path(f"{CASE}note/", workspace.note, name="note"),
    path(f"{CASE}draft/", workspace.draft, name="draft"),
    path(f"{CASE}presence/", workspace.presence, name="presence"),
    path(f"{CASE}undo/<int:message_id>/", workspace.undo, name="undo"),
    path(f"{CASE}details/", workspace_case.details, name="details"),
    path(f"{CASE}change/", workspace_case.change, name="change"),
    path(f"{CASE}take/", workspace_case.take, name="take"),
    path(f"{CASE}close/", workspace_case.close, name="close"),
    path(f"{CASE}checks/", workspace_case.ticks, name="ticks"),
    path(f"{CASE}merge/", workspace_case.merge, name="merge"),
    path(f"{CASE}link/", workspace_case.link, name="link"),
    path(f"{CASE}unlink/<int:other>/", workspace_case.unlink, name="unlink"),
    path(f"{CASE}split/", workspace_case.split, name="split"),
    path(f"{CASE}address/", workspace_actions.address, name="address"),
    path(f"{LINE}refund/", workspace_actions.refund, name="refund"),
    path(f"{LINE}cancel/", workspace_actions.cancel, name="cancel"),
]
