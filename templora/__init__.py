"""Templora: a writing desk whose language model remembers the book.

This package is the engine and its verbs; it imports neither Gradio nor SQL. Importing it must stay cheap: torch is
only ever imported inside the worker process (see `templora.worker`).
"""

__version__ = "0.1.0"
