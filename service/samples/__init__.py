"""The sample books of our own side: a job-management company's customers, jobs, invoices and payments."""

from service.samples.bodies import ApiRequest, api_requests, remember
from service.samples.books import SampleBooks, sample_books
from service.samples.documents import SampleInvoice

__all__ = ["ApiRequest", "SampleBooks", "SampleInvoice", "api_requests", "remember", "sample_books"]
