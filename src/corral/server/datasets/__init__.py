"""The datasets room: datasets, their data rows and who may see them."""
