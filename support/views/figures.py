"""Daily figures of the desk, with plots, and as a table for spreadsheets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from shop.csv_export import csv_rows
from shop.words import day as day_words
from support.due import span
from support.figures import DAYS, Figures, Report, figures
from support.plot import Plot, plot_of, top_of_times
from support.views.guard import those_with

SEE_AGENTS = "support.see_agent_figures"


@those_with("support.view_ticket")
def figures_page(request: HttpRequest) -> HttpResponse:
    report = figures(timezone.localdate())
    context = {
        "report": report,
        "numbers": DAYS,
        "plots": _plots(report),
        "days": [(day_words(day), _row(one)) for day, one in reversed(report.days.items())],
        "whole": _row(report.whole),
        "agents": _agents(request, report),
        "head": _head(),
        "desk_section": "figures",
    }
    return render(request, "desk/figures.html", context)


def _head() -> list[str]:
    return [
        _("Opened"), _("First answer, median"), _("First answer, 90 %"), _("Solved"), _("Solved after, median"),
        _("Solved after, 90 %"), _("Opened again"), _("Satisfied"),
    ]  # fmt: skip


def _row(one: Figures) -> list[tuple[str, str]]:
    """Write figures as words, each with the head of its column; a dash where there is none."""
    times = [one.first_median, one.first_90th, one.solved_median, one.solved_90th]
    first, first_90, solved, solved_90 = ("–" if seconds is None else span(seconds) for seconds in times)
    again, good = (
        "–" if share is None else _("%(share)d %%") % {"share": share}
        for share in (one.reopen_percent, one.good_percent)
    )
    cells = [str(one.opened), first, first_90, str(one.solved), solved, solved_90, again, good]
    return list(zip(_head(), cells, strict=True))


def _agents(request: HttpRequest, report: Report) -> list[tuple[str, list[tuple[str, str]]]] | None:
    """Return the figures of each agent, for those who may see them; None for others."""
    if not request.user.has_perm(SEE_AGENTS):
        return None
    return [(user.get_full_name(), _row(one)) for user, one in report.agents.items()]


def _plots(report: Report) -> list[Plot]:
    days = report.days.items()
    first = [(day, one.first_median) for day, one in days]
    solved = [(day, one.solved_median) for day, one in days]

    def share(value: float) -> str:
        return _("%(share)d %%") % {"share": value}

    def times(key: str, title: str, values: list[tuple[date, float | None]]) -> Plot:
        return plot_of(key, title, values, span, top=top_of_times(value for _day, value in values))

    return [
        times("first", _("Time to the first answer, median"), first),
        times("solved", _("Time to the end, median"), solved),
        plot_of("again", _("Opened again"), [(day, one.reopen_percent) for day, one in days], share, top=100),
        plot_of("good", _("Satisfied customers"), [(day, one.good_percent) for day, one in days], share, top=100),
    ]


@those_with("support.view_ticket")
def figures_export(request: HttpRequest) -> StreamingHttpResponse:
    """Return the same as a CSV file: times in seconds, shares in per cent; of agents only for those who may see them."""
    report = figures(timezone.localdate())
    head = [
        "day", "agent", "opened", "first_answer_median_seconds", "first_answer_90_seconds", "solved",
        "solve_median_seconds", "solve_90_seconds", "reopened", "rated", "rated_good",
    ]  # fmt: skip
    rows = csv_rows(head, _csv(report, with_agents=request.user.has_perm(SEE_AGENTS)))
    answer = StreamingHttpResponse(rows, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="desk-{timezone.localdate().isoformat()}.csv"'
    return answer


def _csv(report: Report, *, with_agents: bool) -> Iterator[list[object]]:
    for day, one in report.days.items():
        yield [day.isoformat(), "", *_cells(one)]
    if with_agents:
        for user, one in report.agents.items():
            yield ["", user.get_full_name(), *_cells(one)]


def _cells(one: Figures) -> list[object]:
    times = [one.first_median, one.first_90th, one.solved_median, one.solved_90th]
    first, first_90, solved, solved_90 = (None if seconds is None else round(seconds) for seconds in times)
    return [one.opened, first, first_90, one.solved, solved, solved_90, one.reopened, one.rated, one.good]
