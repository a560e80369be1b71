"""What is kept: projects, chapters, revisions, takes, provenance and adapter snapshots. No torch, no Gradio."""
