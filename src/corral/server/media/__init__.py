"""Media: files to facts and small previews; knows no database and no network."""
