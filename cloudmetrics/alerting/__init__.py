"""Alerting: rules watch numbers, and people are told in time.

    alerting.watching      what a rule watches: sources, windows of time, and their values
    alerting.rules         rules and their conditions
    alerting.evaluation    every minute: is it a reason to fire, or is it over?
    alerting.history       what became of a rule
    alerting.channels      whom alerts tell: e-mail, Slack, signed webhooks
    alerting.deliveries    what is on its way to a channel, and how it went
    alerting.preview       a rule replayed over the past

Each has the same rooms: models.py, service.py, store.py, queries.sql, where it needs them.
"""
