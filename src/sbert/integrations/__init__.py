"""Models inside other libraries, by the base classes that these give; each needs its library, and imports it alone."""
