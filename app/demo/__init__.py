"""The demonstration: seeded data of an invented year, and a launcher that shows it."""
