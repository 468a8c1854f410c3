"""Property tests say what is true, not how soon: on a busy machine any example may take its time."""

from hypothesis import settings

settings.register_profile("in its own time", deadline=None)
settings.load_profile("in its own time")
