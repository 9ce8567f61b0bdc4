"""What Alembic needs to run the steps."""
