"""What it costs: figures that are measured by hand, each with the bar it has to keep."""
