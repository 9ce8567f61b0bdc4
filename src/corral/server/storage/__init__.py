"""The storage room: folders, and the items that lie in them."""
