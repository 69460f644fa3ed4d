"""Reading more rows than fit into memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import psycopg

from cloudmetrics.platform.connection import Parameters, Row
from cloudmetrics.platform.database import Transaction
from cloudmetrics.platform.errors import QueryTooSlow

# PostgreSQL ends a statement that takes too long; where it does not even do that, it is given up.
MARGIN_SECONDS = 5.0


async def stream(
    transaction: Transaction,
    sql: str,
    parameters: Parameters,
    *,
    at_once: int,
    seconds: float,
    settings: Sequence[str] = (),
) -> AsyncIterator[list[Row]]:
    """The rows of a SELECT in pages of so many, all of one moment, whatever is written meanwhile.

    A transaction streams one SELECT at a time. `settings` may be HASHED, COVERED or HEAVY.
    Raises QueryTooSlow where PostgreSQL takes longer than `seconds` for a page.
    """
    try:
        for setting in (f"SET LOCAL statement_timeout = {int(1000 * seconds)}", *settings):
            await transaction.execute(setting)
        select = transaction.bind(sql, parameters)
        await transaction.execute(f"DECLARE stream NO SCROLL CURSOR FOR {select}")
        while page := await transaction.fetch(
            f"FETCH {at_once} FROM stream", seconds=seconds + MARGIN_SECONDS
        ):
            yield page
        await transaction.execute("CLOSE stream")
    except psycopg.errors.QueryCanceled as error:
        raise QueryTooSlow(seconds) from error
