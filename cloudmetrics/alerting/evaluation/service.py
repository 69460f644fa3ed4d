"""Evaluating the rules of a workspace.

Values are counted first, without any lock. Then rules are locked, some at a time, and what
is decided, what happened and what has to be told are written in one transaction: whoever
dies in between leaves nothing behind, and whoever comes second finds the minute done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from cloudmetrics.alerting.channels import store as channels
from cloudmetrics.alerting.deliveries import messages
from cloudmetrics.alerting.deliveries import service as deliveries
from cloudmetrics.alerting.evaluation import store
from cloudmetrics.alerting.evaluation.deciding import Decision, decide, is_due
from cloudmetrics.alerting.evaluation.measuring import MINUTE, Measured, asks_of, measure
from cloudmetrics.alerting.history import store as history
from cloudmetrics.alerting.history.models import Event
from cloudmetrics.alerting.rules import store as rules
from cloudmetrics.alerting.rules.conditions import Condition
from cloudmetrics.alerting.rules.models import Rule
from cloudmetrics.alerting.watching import service as sources
from cloudmetrics.alerting.watching import store as watching
from cloudmetrics.alerting.watching.models import Surroundings
from cloudmetrics.platform.database import Tenant, Transaction
from cloudmetrics.platform.ids import new_id

AT_ONCE = 100

Conditions = Mapping[UUID, Condition]


async def evaluate(tenant: Tenant, now: datetime) -> None:
    """Compares all rules of a workspace with the numbers, once a minute. Raises Unavailable."""
    minute = now.replace(second=0, microsecond=0)
    found = [rule for rule in await rules.enabled(tenant) if is_due(rule.state, minute)]
    conditions = {rule.id: Condition.from_json(rule.terms.condition) for rule in found}
    goal_ids = {goal_id for each in conditions.values() if (goal_id := each.goal_id) is not None}
    around = await watching.surroundings(tenant, goal_ids)
    if around is None:
        await store.forget(tenant.database, tenant.workspace_id)
        return
    measured = await _measured(tenant, found, conditions, minute, around)
    for start in range(0, len(found), AT_ONCE):
        await _decide(tenant, found[start : start + AT_ONCE], conditions, measured, minute, now)


async def _measured(
    tenant: Tenant, found: Sequence[Rule], conditions: Conditions, minute: datetime, around: Surroundings
) -> dict[UUID, Measured]:
    """What each rule is compared with. What several of them ask is answered once."""
    moments = {rule.id: minute - rule.terms.delay_minutes * MINUTE for rule in found}
    asks = {ask for rule in found for ask in asks_of(conditions[rule.id], moments[rule.id], around)}
    values = await sources.values(tenant, asks, around)
    return {rule.id: measure(conditions[rule.id], moments[rule.id], around, values) for rule in found}


async def _decide(
    tenant: Tenant,
    found: Sequence[Rule],
    conditions: Conditions,
    measured: Mapping[UUID, Measured],
    minute: datetime,
    now: datetime,
) -> None:
    home = tenant.workspace_id
    revisions = {rule.id: rule.state.revision for rule in found}
    async with tenant.transaction() as transaction:
        decisions = [
            decide(rule, conditions[rule.id], measured[rule.id], minute, now)
            for rule in await rules.lock(transaction, home, list(revisions))
            # It may have been changed, or evaluated by somebody else, since it was read.
            if rule.state.revision == revisions[rule.id] and is_due(rule.state, minute)
        ]
        await store.save(transaction, home, [(each.rule.id, each.state) for each in decisions])
        for decision in decisions:
            await _note(transaction, home, decision, conditions[decision.rule.id], now)


async def _note(
    transaction: Transaction, home: UUID, decision: Decision, condition: Condition, now: datetime
) -> None:
    """Writes down what happened, and sends what is due."""
    state = decision.state
    told = {"value": state.value, "signal": state.signal, "threshold": condition.threshold}
    told |= dict(state.details or {})
    if decision.happened is not None:
        event = Event(
            new_id(), decision.rule.id, decision.happened, now, decision.incident_id, state.value, told
        )
        await history.record(transaction, home, event)
    if decision.message is None:
        return
    message = messages.of_rule(decision.rule, decision.message, now, decision.incident_id, told)
    for channel in await channels.hold(transaction, home, decision.rule.terms.channel_ids):
        await deliveries.send(
            transaction,
            home,
            channel,
            message,
            now,
            alert_id=decision.rule.id,
            incident_id=decision.incident_id,
        )
