"""What can be done with rules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from cloudmetrics.accounts.audit import service as audit
from cloudmetrics.accounts.audit.models import Action, Actor
from cloudmetrics.alerting.channels import service as channels
from cloudmetrics.alerting.history import store as history
from cloudmetrics.alerting.history.models import Event, Happening, actor
from cloudmetrics.alerting.rules import store
from cloudmetrics.alerting.rules.conditions import Condition
from cloudmetrics.alerting.rules.models import MuteInPast, NotFiring, Rule, Terms, TooManyAlerts
from cloudmetrics.alerting.rules.reading import require_sound
from cloudmetrics.alerting.watching.models import BudgetSource, MetricSource
from cloudmetrics.analytics.goals import service as goals
from cloudmetrics.analytics.questions.models import Fault, QuestionUnsound
from cloudmetrics.analytics.websites import service as websites
from cloudmetrics.costs.budgets import service as budgets
from cloudmetrics.platform import clock
from cloudmetrics.platform.caller import Caller
from cloudmetrics.platform.collections import MissingScope
from cloudmetrics.platform.database import Transaction
from cloudmetrics.platform.errors import NotFound
from cloudmetrics.platform.ids import new_id
from cloudmetrics.platform.paging import Page

MOST = 1000


async def list_page(caller: Caller, query: Mapping[str, Any]) -> Page[Rule]:
    """The rules asked for, oldest first unless told otherwise. Raises InvalidCursor, InvalidMoment."""
    asked = store.ALERTS.ask(caller, query)
    return asked.page(await store.listed(caller.tenant, asked))


async def get(caller: Caller, alert_id: UUID) -> Rule:
    """Raises NotFound."""
    rule = await store.get(caller.tenant, alert_id)
    if rule is None:
        raise NotFound("alert")
    return rule


async def create(caller: Caller, terms: Terms) -> Rule:
    """A rule that is evaluated from the next minute on.

    Raises QuestionUnsound, NotFound for a website, goal or channel, TooManyAlerts.
    """
    await require_sound_condition(caller, terms.condition)
    alert_id, now, home = new_id(), clock.now_of(caller.tenant), caller.tenant.workspace_id
    async with caller.tenant.transaction() as transaction:
        # Creations take turns at this, so that each counts the others.
        await announce(transaction, home)
        if await store.count(transaction, home) >= MOST:
            raise TooManyAlerts(MOST)
        await channels.require(transaction, home, terms.channel_ids)
        await store.create(transaction, home, alert_id, terms, now)
        (rule,) = await store.lock(transaction, home, [alert_id])
        await _audit(transaction, caller, Action.ALERT_CREATED, rule, **terms.to_json())
    return rule


async def update(caller: Caller, alert_id: UUID, terms: Terms) -> Rule:
    """Replaces all terms. With another condition the rule begins anew, as if it had never fired.

    Raises NotFound, QuestionUnsound.
    """
    await require_sound_condition(caller, terms.condition)
    now, home = clock.now_of(caller.tenant), caller.tenant.workspace_id
    async with caller.tenant.transaction() as transaction:
        old = await _locked(transaction, caller, alert_id)
        await channels.require(transaction, home, terms.channel_ids)
        await store.update(transaction, home, alert_id, terms, now)
        if old.terms.condition != terms.condition:
            await store.reset_state(transaction, home, alert_id)
        await _note(transaction, caller, old, Happening.CHANGED, now)
        before, after = old.terms.to_json(), terms.to_json()
        await _audit(transaction, caller, Action.ALERT_UPDATED, old, before=before, after=after)
        (rule,) = await store.lock(transaction, home, [alert_id])
    return rule


async def delete(caller: Caller, alert_id: UUID) -> None:
    """Deletes a rule with its history, and what was on its way. Raises NotFound."""
    async with caller.tenant.transaction() as transaction:
        rule = await _locked(transaction, caller, alert_id)
        await store.delete(transaction, caller.tenant.workspace_id, alert_id)
        await _audit(transaction, caller, Action.ALERT_DELETED, rule, name=rule.terms.name)


async def mute(caller: Caller, alert_id: UUID, until: datetime | None) -> Rule:
    """Tells nobody until then; None ends it. Raises NotFound, MuteInPast."""
    now, home = clock.now_of(caller.tenant), caller.tenant.workspace_id
    if until is not None and until <= now:
        raise MuteInPast
    async with caller.tenant.transaction() as transaction:
        old = await _locked(transaction, caller, alert_id)
        await store.mute(transaction, home, alert_id, until)
        kind = Happening.UNMUTED if until is None else Happening.MUTED
        more = {} if until is None else {"until": clock.iso(until)}
        if until != old.muted_until:
            await _note(transaction, caller, old, kind, now, **more)
        (rule,) = await store.lock(transaction, home, [alert_id])
    return rule


async def acknowledge(caller: Caller, alert_id: UUID) -> Rule:
    """Says that somebody looks after the open incident. The first one stays. Raises NotFound, NotFiring."""
    now, home = clock.now_of(caller.tenant), caller.tenant.workspace_id
    async with caller.tenant.transaction() as transaction:
        rule = await _locked(transaction, caller, alert_id)
        if not rule.state.is_firing:
            raise NotFiring
        if rule.state.acknowledged_at is None:
            await store.acknowledge(transaction, home, alert_id, actor(caller), now)
            await _note(transaction, caller, rule, Happening.ACKNOWLEDGED, now)
            (rule,) = await store.lock(transaction, home, [alert_id])
    return rule


async def announce(transaction: Transaction, workspace_id: UUID) -> None:
    """From now on jobs find the workspace when they look after alerts."""
    await store.announce(transaction, workspace_id, clock.now())


async def require_sound_condition(caller: Caller, condition: Mapping[str, Any]) -> None:
    """Raises MissingScope, QuestionUnsound with all that is wrong, NotFound for what it names."""
    watched = Condition.from_json(condition).source
    scope = "metrics:read" if isinstance(watched, MetricSource) else "costs:read"
    if scope not in caller.scopes:
        raise MissingScope([scope])
    require_sound(condition, clock.now_of(caller.tenant).date())
    if isinstance(watched, BudgetSource):
        await budgets.get(caller, watched.budget_id)
    elif isinstance(watched, MetricSource):
        await _require_own(caller, watched)


async def _require_own(caller: Caller, watched: MetricSource) -> None:
    if watched.website_id is not None:
        await websites.get(caller, watched.website_id)
    if watched.goal_id is None:
        return
    goal = await goals.get(caller, watched.goal_id)
    if goal.website_id != watched.website_id:
        message = f"It is a goal of the website {goal.website_id}; watch that website_id."
        raise QuestionUnsound([Fault("GOAL_OF_ANOTHER_WEBSITE", message, "/condition/source/goal_id")])


async def _locked(transaction: Transaction, caller: Caller, alert_id: UUID) -> Rule:
    found = await store.lock(transaction, caller.tenant.workspace_id, [alert_id])
    if not found:
        raise NotFound("alert")
    return found[0]


async def _note(
    transaction: Transaction, caller: Caller, rule: Rule, kind: Happening, now: datetime, **more: Any
) -> None:
    details = {"by": actor(caller), **more}
    event = Event(new_id(), rule.id, kind, now, rule.state.incident_id, None, details)
    await history.record(transaction, caller.tenant.workspace_id, event)


async def _audit(
    transaction: Transaction, caller: Caller, action: Action, rule: Rule, **details: Any
) -> None:
    subject = ("ALERT", rule.id)
    home = caller.tenant.workspace_id
    await audit.record(transaction, home, Actor.of(caller), action, subject, **details)
