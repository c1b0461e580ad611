//! Integration tests: one binary, so that the SDK is linked once.

mod local_endpoint;
