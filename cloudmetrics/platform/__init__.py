"""The ground floor: settings, stores, clocks, and the services that are embedded for one machine."""
