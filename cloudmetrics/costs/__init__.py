"""Costs: cloud bills come in, and what they say is told exactly.

focus/        from the bytes of a FOCUS file to its charges, and to what is wrong with it
imports/      files that are sent, and kept until they are loaded
loading/      a worker adds a file up, and puts what it says in the place of earlier files
reports/      costs of a range of days, as a whole, by day, and by any dimension
forecasts/    what a month is going to cost
budgets/      what a month may cost
allocations/  which costs are whose website's
margins/      revenue, cost and margin in one question

Days are days of UTC, as FOCUS has them, and a charge belongs to the day on which its charge
period starts. Amounts are decimals from the file to the answer; nothing is ever rounded but
the minor units beside them. Amounts of several currencies are never added up.
"""
