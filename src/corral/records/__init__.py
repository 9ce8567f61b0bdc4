"""What travels: the types that the SDK and the server exchange, pure and without I/O."""
