//! Integration tests: one binary, so that the SDK is linked once.

mod conformance;
mod local_endpoint;
mod push;
mod readme;
mod s3_wire;
mod support;
