"""Rules: they give verdicts on readings."""
