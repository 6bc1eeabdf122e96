"""Schema migrations, run by ``tieout db upgrade``."""
