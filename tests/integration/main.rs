//! Integration tests: one binary, so that the SDK is linked once.
#![expect(clippy::disallowed_methods, reason = "tests make files and look at them")]

mod bad_input;
mod conformance;
mod credentials;
mod django_goldens;
mod django_import;
mod doctor;
mod documents;
mod explain;
mod faults;
mod fuzz;
mod gc;
mod hostile;
mod invalidation;
mod limits;
mod local_endpoint;
mod manifest;
mod manual;
mod pages;
mod plain_http;
mod prehashed;
mod push;
mod readme;
mod recipes;
mod releases;
mod rollback;
mod s3_wire;
mod script;
mod secrets;
mod servers;
mod storage;
mod storages;
mod support;
mod url;
mod url_goldens;
mod verify;
