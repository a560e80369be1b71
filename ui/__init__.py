"""The page and its HTTP routes. Talks to the Studio only: no SQL, no torch."""
