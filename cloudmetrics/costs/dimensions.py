"""What costs are grouped and filtered by, and the FOCUS columns that tell it."""

from __future__ import annotations

from collections.abc import Mapping

TAG = "tag:"
LONGEST_TAG = 256
ALL = "all"

# Traits of a bill as a whole.
OF_PARTS: Mapping[str, str] = {"provider": "ProviderName", "billing_account": "BillingAccountId"}
# Traits of a charge. Where there are two columns, the second one stands in for an absent first one.
OF_SERIES: Mapping[str, tuple[str, ...]] = {
    "account": ("SubAccountId",),
    "publisher": ("PublisherName",),
    "service": ("ServiceName",),
    "category": ("ServiceCategory",),
    "region": ("RegionId", "RegionName"),
    "charge_category": ("ChargeCategory",),
    "pricing_category": ("PricingCategory",),
    "resource_type": ("ResourceType",),
    "resource": ("ResourceId", "ResourceName"),
    "sku": ("SkuId",),
}
# Their values are about as many as there are charges, so that adding them up beforehand saves nothing.
MANIFOLD = frozenset({"resource", "sku"})
DIMENSIONS = (*OF_PARTS, *OF_SERIES)


def tag_of(dimension: str) -> str | None:
    """The key of the tag that a dimension is, where it is one."""
    return dimension.removeprefix(TAG) if dimension.startswith(TAG) else None


def is_known(dimension: str) -> bool:
    key = tag_of(dimension)
    return dimension in DIMENSIONS if key is None else 0 < len(key) <= LONGEST_TAG


def is_added_up(dimension: str) -> bool:
    """Whether costs are added up by its values while they are loaded."""
    return dimension == ALL or (dimension not in MANIFOLD and dimension not in OF_PARTS)
