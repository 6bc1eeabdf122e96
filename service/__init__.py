"""Tieout: owns a company's customers, jobs and invoices, and keeps the accounting packages in agreement with them."""
