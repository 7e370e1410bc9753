"""What holds for all tests."""

from hypothesis import settings

# How long an example takes is the machine's business; what else the profile at hand says (the one
# for continuous integration draws the same examples every time) stays.
settings.register_profile("no deadline", settings(deadline=None))
settings.load_profile("no deadline")
