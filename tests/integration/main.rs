//! Integration tests: one binary, so that the SDK is linked once.

mod conformance;
mod s3_wire;
