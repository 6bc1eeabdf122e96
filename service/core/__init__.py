"""The pure core: decisions about records, links and writes, without any I/O."""
