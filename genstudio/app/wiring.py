"""Which part of the window hears of which."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from genstudio.core.errors import GenStudioError

if TYPE_CHECKING:
    from genstudio.app.window import Window


def connect(window: Window) -> None:
    """Connect the parts of a window that is laid out."""
    _connect_bars(window)
    _connect_pages(window)
    _connect_queue(window)


def _connect_bars(window: Window) -> None:
    session, top = window.session, window.top
    window.manager.raised.connect(window.toasts.show_note)
    window.side.chosen.connect(window.show_page)
    top.train_asked.connect(lambda: window.train())
    top.go_on_asked.connect(window.go_on)
    top.pause_asked.connect(session.pause)
    top.resume_asked.connect(session.resume)
    top.stop_asked.connect(session.stop)
    top.discard_asked.connect(lambda: session.stop(discard=True))
    top.queue_asked.connect(window.add_to_queue)
    top.check_asked.connect(_told(window, lambda: window.errands.check(window.train_page.spec())))
    window.bottom.queue_asked.connect(lambda: window.show_page("runs"))
    session.work.problem.connect(window.manager.catch)


def _connect_pages(window: Window) -> None:
    train, data, runs = window.train_page, window.data_page, window.runs_page
    for page in window.pages.values():
        page.problem.connect(lambda text: window.manager.notify("error", text))
    train.edited.connect(window.session.edit)
    train.step_asked.connect(window.session.step)
    train.speed_chosen.connect(window.session.set_speed)
    train.valid_changed.connect(lambda _: window.shown.show_phase())
    train.setup.drafting_changed.connect(lambda _: window.shown.show_phase())
    window.top.draft_asked.connect(lambda new: train.setup.draft() if new else train.setup.leave_draft())
    train.open_data_asked.connect(window.ask_data)
    train.pictures.fit_asked.connect(lambda kind: _fit(window, kind))
    train.model.data_changed.connect(data.show_source)
    train.setup.preparation_of = data.config_of
    data.claims = window.returning.claims
    data.done.connect(lambda text: window.manager.notify("info", text))
    data.chosen.connect(window.use_data)
    data.train_asked.connect(lambda: window.show_page("train"))
    window.latent_shell.made.connect(lambda: _bottom_last(window))
    window.latent_shell.done.connect(lambda text: window.manager.notify("info", text))
    runs.open_asked.connect(window.open_run)
    runs.go_on_asked.connect(lambda path: window.open_run(path, go_on=True))
    runs.train_asked.connect(lambda: window.show_page("train"))


def _connect_queue(window: Window) -> None:
    queue, card = window.queue, window.runs_page.queue
    queue.changed.connect(window.shown.show_phase)
    queue.told.connect(lambda text: window.manager.notify("info", text))
    card.start_asked.connect(window.start_queue)
    card.pause_asked.connect(queue.pause)
    card.ordered.connect(_told(window, queue.order))
    card.removed.connect(_told(window, queue.remove))
    card.cleared.connect(_told(window, queue.clear_done))


def _bottom_last(window: Window) -> None:
    """Let Tab come to the bottom bar after a page that was made later: put in anew, it stands last again."""
    window.column.removeWidget(window.bottom)
    window.bottom.setParent(None)
    window.column.addWidget(window.bottom)
    window.bottom.show()


def _fit(window: Window, kind: str) -> None:
    if window.session.path is not None and not window.session.running:
        window.errands.fit(window.session.path, kind)


def _told(window: Window, act: Callable[..., Any]) -> Callable[..., None]:
    """`act`, whose errors become messages."""

    def acted(*given: object) -> None:
        try:
            act(*given)
        except GenStudioError as error:
            window.manager.catch(error)

    return acted
