"""The ingest room: upload slots, jobs and their units, and the work that turns bytes into items."""
