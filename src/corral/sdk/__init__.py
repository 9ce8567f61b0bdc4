"""What people hold: live objects that talk to a Corral server."""
