"""Reports on costs: of a range of days, in parts, and by any dimension."""
