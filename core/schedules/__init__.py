"""The schedules of sites: set and checked, their instants on clocks that change, in words and in JSON."""
