"""`python -m templora.bench …`: what README and docs claim, rerun by anyone on texts of their own."""
