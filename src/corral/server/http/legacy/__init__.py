"""The legacy door: one URL, `POST /public`, with the operation named inside the body."""
