"""The header of a FOCUS file: where each column stands, and which version of FOCUS it is of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cloudmetrics.costs.focus.models import FileUnfit

# Those of the mandatory columns of FOCUS 1.0 to 1.2 without which a row says nothing.
REQUIRED = (
    "BilledCost",
    "BillingAccountId",
    "BillingCurrency",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargePeriodStart",
    "ContractedCost",
    "EffectiveCost",
    "ListCost",
    "ProviderName",
    "ServiceCategory",
    "ServiceName",
)
# Columns that a version added; a file of a later version has those of the earlier ones too.
ADDED = {
    "1.2": frozenset(
        {
            "BillingAccountType",
            "InvoiceId",
            "PricingCurrency",
            "PricingCurrencyContractedUnitPrice",
            "PricingCurrencyEffectiveCost",
            "PricingCurrencyListUnitPrice",
            "SubAccountType",
        }
    ),
    "1.1": frozenset(
        {
            "CapacityReservationId",
            "CapacityReservationStatus",
            "CommitmentDiscountQuantity",
            "CommitmentDiscountUnit",
            "ServiceSubcategory",
            "SkuMeter",
            "SkuPriceDetails",
        }
    ),
}


@dataclass(frozen=True, slots=True)
class Header:
    """The places of the columns, by their names. Columns that we do not know are left alone."""

    places: dict[str, int]
    version: str

    @classmethod
    def of(cls, names: Sequence[str]) -> Header:
        """Raises FileUnfit where columns are missing, or stand there twice."""
        names = [name.removeprefix("\ufeff").strip() for name in names]
        places = {name: place for place, name in enumerate(names)}
        if missing := [name for name in REQUIRED if name not in places]:
            message = f"The header lacks {', '.join(missing)}: it is not a FOCUS file of version 1.0 to 1.2."
            raise FileUnfit("NOT_FOCUS", message)
        if len(places) < len(names):
            twice = next(name for place, name in enumerate(names) if name in names[:place])
            raise FileUnfit("NOT_FOCUS", f"The header names the column {twice[:80]} twice.")
        version = next((version for version, added in ADDED.items() if added & places.keys()), "1.0")
        return cls(places, version)
