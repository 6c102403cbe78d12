"""Sending one claimed message: choose a way, call the platform outside any transaction, record the result.

    accepted                → done; what became of it is reported later by the platform
    token, busy             → again after a pause that doubles
    daily quota             → again after midnight in Asia/Shanghai; that call is left alone until then
    account needs a person  → again in ten minutes for three days; that account is left alone meanwhile
    person not reachable    → the next way (consent of the Mini Program …), at last `waiting` in the inbox
    payload refused         → dead letter
    answer lost             → `unknown`: repeated at once while the platform drops repetitions, later only if
                              urgent; else a person decides

A call carries the message's own number as `client_msg_id`, so a repetition within ten minutes is dropped by
the platform. Lines in the log name no message and no kind, and what was accepted leaves none: a time beside a
key, or a line whose message keeps no such time, would undo what the whole days of anonymous matters are for.
"""

from __future__ import annotations

import enum
import random
import uuid
from datetime import timedelta
from urllib.parse import quote

from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import Database
from app.core.logging import get
from app.core.settings import Settings
from app.models import OutgoingMessage
from app.models.base import WorkState
from app.services import claims, deliveries
from app.services.deliveries import Channel, Way, Ways
from app.wechat import templates
from app.wechat.clients import Clients
from app.wechat.errors import Action, ApiRefused, CallFailed, OutcomeUnknown, ValueRefused
from app.wechat.pauses import Pauses, Slots, until_midnight

ACCOUNT_PAUSE = timedelta(minutes=10)
PAUSED = "公众号暂时不能发送，到时会自动再发"
ACCOUNT_PATIENCE = timedelta(days=3)
STATES = {"release": "formal", "trial": "trial", "develop": "developer"}

log = get(__name__)


class Outcome(enum.StrEnum):
    """What came of one try."""

    SENT = "sent"
    RETRY = "retry"
    DEFERRED = "deferred"
    WAITING = "waiting"
    FAILED = "failed"
    UNKNOWN = "unknown"
    LOST = "lost"


class Courier:
    """Sends messages for one worker process. Threads share it.

    `pauses` remembers calls that the platform does not take for now; `slots` keeps one slow account from
    taking every thread."""

    def __init__(self, database: Database, clients: Clients, settings: Settings) -> None:
        self._database = database
        self._clients = clients
        self._settings = settings
        self._pauses = Pauses()
        self._slots = Slots(
            [client.account.app_id for client in clients.configured()], settings.worker_threads
        )

    def crowd(self) -> deliveries.Crowd:
        """Whose messages should not be claimed now, because their account has enough calls in hand."""
        official = self._clients.accounts.official.app_id
        return deliveries.Crowd(
            official,
            followers=self._slots.full(official),
            others=self._slots.full(self._clients.accounts.miniprogram.app_id),
        )

    def deliver(self, message: OutgoingMessage) -> Outcome:
        """One try of a claimed message. Its result is recorded when this returns; an error of the database
        leaves the claim to run out, and whoever inherits it knows that it may have been sent."""
        outcome = self._deliver(message)
        if outcome is not Outcome.SENT:
            log.info("outbox.tried", outcome=outcome.value)
        return outcome

    def _deliver(self, message: OutgoingMessage) -> Outcome:
        handed_over = message.sent_at is not None
        if handed_over and not deliveries.may_repeat(message, clock.now()):
            return self._leave_unknown(message)
        refusal: ApiRefused | None = None
        tried: set[tuple[Channel, uuid.UUID]] = set()
        while True:
            with self._database.transaction() as session:
                found = self._ways(session, message)
                way = self._choose(session, message, found, tried)
                if way is not None and not deliveries.begin(session, message, way):
                    session.rollback()
                    return Outcome.LOST
            if way is None:
                return self._nowhere(message, found, refusal)
            tried.add((way.channel, way.identity_id))
            with self._slots.hold(way.app_id) as free:
                if not free:
                    return self._defer(message, timedelta(seconds=1), way)
                result = self._try(message, way)
            if isinstance(result, Outcome):
                return result
            refusal = result

    def _ways(self, session: Session, message: OutgoingMessage) -> Ways:
        accounts = self._clients.accounts
        return deliveries.ways(
            session, message, official=accounts.official.app_id, miniprogram=accounts.miniprogram.app_id
        )

    def _choose(
        self, session: Session, message: OutgoingMessage, found: Ways, tried: set[tuple[Channel, uuid.UUID]]
    ) -> Way | None:
        """The best way that was not tried, is not paused (or somebody asked for it), and whose consent could
        be taken."""
        asked_for = deliveries.sent_by_hand(message)
        for way in found.ways:
            paused = not asked_for and self._pauses.left(way.app_id, way.channel)
            if (way.channel, way.identity_id) in tried or paused:
                continue
            if deliveries.take_consent(session, way):
                return way
        return None

    def _try(self, message: OutgoingMessage, way: Way) -> Outcome | ApiRefused:
        """One way: an outcome, or the refusal after which the next way should be tried."""
        try:
            msgid = self._send(message, way)
        except OutcomeUnknown as error:
            return self._answer_lost(message, error)
        except ValueRefused as error:
            return self._rest(message, way, WorkState.FAILED, error.code, error.message)
        except ApiRefused as error:
            return self._refused(message, way, error)
        except CallFailed as error:
            return self._again(message, way, error.code, "微信服务器繁忙或连接不上")
        with self._database.transaction() as session:
            kept = deliveries.accepted(session, message, way, msgid)
        return Outcome.SENT if kept else Outcome.LOST

    def _send(self, message: OutgoingMessage, way: Way) -> int | None:
        client = self._clients.by_app_id(way.app_id)
        assert client is not None, "ways() was asked for our own accounts only"
        values = templates.fill(way.mapping, message.data)
        url = self._settings.url(message.url)
        if way.channel is Channel.TEMPLATE:
            return client.send_template(
                way.openid, way.template_id, values, client_msg_id=message.id.hex, url=url
            )
        if way.channel is Channel.BIZSEND:
            client.bizsend(way.openid, way.template_id, values, page=url)
            return None
        page = f"{self._settings.miniprogram_page}?to={quote(message.url, safe='')}"
        state = STATES[self._settings.miniprogram_env_version]
        client.send_subscribe(way.openid, way.template_id, values, page=page, state=state)
        return None

    def _refused(self, message: OutgoingMessage, way: Way, error: ApiRefused) -> Outcome | ApiRefused:
        """The platform said no: what to do follows from the class of the code."""
        code, reason = f"wechat.{error.errcode}", f"微信返回错误 {error.errcode}"
        action = error.action
        if action in (Action.OTHER_CHANNEL, Action.WINDOW):
            with self._database.transaction() as session:
                deliveries.return_consent(session, way)
                deliveries.refused_by_person(session, way, error.errcode)
            return error
        if action is Action.DAY_QUOTA:
            wait = until_midnight()
            self._pauses.set(way.app_id, way.channel, wait)
            spread = timedelta(seconds=random.uniform(0, 60))  # noqa: S311
            return self._defer(message, wait + spread, way, code, reason + "：当天的发送次数用完了")
        if action is Action.ALARM:
            log.error("outbox.account_refused", errcode=error.errcode, path=error.path)
            if clock.now() - message.created_at > ACCOUNT_PATIENCE:
                return self._rest(message, way, WorkState.FAILED, code, reason + "：请检查公众号配置")
            self._pauses.set(way.app_id, way.channel, ACCOUNT_PAUSE)
            return self._defer(message, ACCOUNT_PAUSE, way, code, reason + "：请检查公众号配置")
        if action in (Action.BACK_OFF, Action.REFRESH_TOKEN):
            return self._again(message, way, code, reason)
        text = f"{reason}：{templates.named_field(error.errmsg, way.mapping)}内容不被接受"
        return self._rest(message, way, WorkState.FAILED, code, text)

    def _answer_lost(self, message: OutgoingMessage, error: OutcomeUnknown) -> Outcome:
        """It may have arrived. Nothing is given back, and the note of when it was first sent stays."""
        with self._database.reading() as session:
            tried = session.get_one(OutgoingMessage, message.id)
            again = deliveries.may_repeat(tried, clock.now())
        if not again:
            return self._leave_unknown(message)
        with self._database.transaction() as session:
            kept = claims.retry(
                session,
                message,
                error=error.code,
                reason="微信没有回应，不知道是否送达",
                max_attempts=self._settings.outbox_max_attempts,
            )
        return Outcome.RETRY if kept else Outcome.LOST

    def _again(self, message: OutgoingMessage, way: Way, code: str, reason: str) -> Outcome:
        with self._database.transaction() as session:
            deliveries.return_consent(session, way)
            kept = claims.retry(
                session,
                message,
                error=code,
                reason=reason,
                max_attempts=self._settings.outbox_max_attempts,
                sent_at=message.sent_at,
            )
        if message.attempts >= self._settings.outbox_max_attempts and kept:
            return Outcome.FAILED
        return Outcome.RETRY if kept else Outcome.LOST

    def _defer(
        self,
        message: OutgoingMessage,
        delay: timedelta,
        way: Way | None = None,
        error: str | None = None,
        reason: str | None = None,
    ) -> Outcome:
        """Later, without counting the attempt: it was not this message's fault."""
        with self._database.transaction() as session:
            if way is not None:
                deliveries.return_consent(session, way)
            kept = claims.put_back(
                session,
                message,
                delay,
                error=error,
                reason=reason,
                counted=False,
                values={"sent_at": message.sent_at},
            )
        return Outcome.DEFERRED if kept else Outcome.LOST

    def _nowhere(self, message: OutgoingMessage, found: Ways, refusal: ApiRefused | None) -> Outcome:
        """No way is left: wait for a paused one, or come to rest."""
        pauses = [self._pauses.left(way.app_id, way.channel) for way in found.ways]
        open_again = [pause for pause in pauses if pause is not None]
        if open_again:
            code, reason = message.error_code or "account.paused", message.error_text or PAUSED
            return self._defer(message, min(open_again), None, code, reason)
        if found.without_template and refusal is None:
            reason = f"公众号里没有可用于「{message.kind.value}」的模板，请运行 mashang wechat setup 后重发"
            return self._rest(message, None, WorkState.FAILED, "template.missing", reason)
        code = f"wechat.{refusal.errcode}" if refusal is not None else "person.no_way"
        return self._rest(message, None, WorkState.WAITING, code, "对方没有关注或没有授权，已留在收件箱")

    def _leave_unknown(self, message: OutgoingMessage) -> Outcome:
        reason = "已交给微信但没有收到回应，不知道是否送达，请人工决定是否重发"
        return self._rest(message, None, WorkState.UNKNOWN, "wechat.outcome_unknown", reason)

    def _rest(
        self, message: OutgoingMessage, way: Way | None, state: WorkState, code: str, reason: str
    ) -> Outcome:
        with self._database.transaction() as session:
            if way is not None:
                deliveries.return_consent(session, way)
            kept = deliveries.rest(session, message, state, code, reason)
        return Outcome(state.value) if kept else Outcome.LOST
