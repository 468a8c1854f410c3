"""Everything that the lifespan opens, as the settings have it: what is named here by its class is a Protocol, or an
argument, everywhere else."""
