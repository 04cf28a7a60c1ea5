"""An embedded DNS world with real packets, real signatures and virtual time."""
