"""The sample books of our own side: a job-management company's customers, jobs, invoices and payments."""

from service.samples.bodies import ApiRequest, api_requests, remember
from service.samples.books import SampleBooks, sample_books
from service.samples.documents import SampleInvoice
from service.samples.loader import load

__all__ = ["ApiRequest", "SampleBooks", "SampleInvoice", "api_requests", "load", "remember", "sample_books"]
