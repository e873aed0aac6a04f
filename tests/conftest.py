"""How much the tests try.

Three Hypothesis profiles, chosen by the environment variable HYPOTHESIS_PROFILE:

    dev        few examples: seconds, while you work (the default)
    ci         more of them (the default where CI is set)
    thorough   very many: hours, before a release

Where CI is set the examples are the same ones every time, whatever the profile. No profile has a
deadline: how fast a machine is decides no test.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

CI = bool(os.environ.get("CI"))
EXAMPLES = {"dev": 30, "ci": 150, "thorough": 5_000}

for name, examples in EXAMPLES.items():
    settings.register_profile(
        name,
        max_examples=examples,
        deadline=None,
        derandomize=CI,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if CI else "dev"))
