"""Collections: filters, sorting, pages and related things, once for whatever can be listed.

    GOALS = Collection(
        "goals",
        {
            "id": Column("goal.goal_id", Kind.UUID),
            "name": Column("goal.name"),
            "created_at": Column("goal.created_at", Kind.MOMENT),
        },
    )

A statement in queries.sql says `{where}` and `{order}` where these belong; the store
fills them in with `asked.statement(queries.list)`. What may be asked is declared in the
contract, whose parameters are named after the columns: `created_at:gte`, `name:contains`.
"""

from cloudmetrics.platform.collections.collection import Asked, Collection
from cloudmetrics.platform.collections.columns import Column, Kind
from cloudmetrics.platform.collections.relations import MissingScope, Relation, Relations, expand

__all__ = ["Asked", "Collection", "Column", "Kind", "MissingScope", "Relation", "Relations", "expand"]
