"""What things of accounts are related to: what `expand` can name."""

from cloudmetrics.accounts.team import service as team
from cloudmetrics.platform.collections import Relation

OF_API_KEY = {"creator": Relation("created_by", "team:read", team.by_ids)}
OF_AUDIT_ENTRY = {"user": Relation("user_id", "team:read", team.by_ids)}
OF_INVITATION = {"inviter": Relation("invited_by", "team:read", team.by_ids)}
