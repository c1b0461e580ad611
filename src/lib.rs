//! collectstatic for S3: the engine of `s3collect`, as a library.
//!
//! The rooms, in the direction in which data goes through them, stand in `docs/architecture.md`. The library
//! prints nothing, reads no environment variables and never exits.

pub mod apply;
pub mod build;
pub mod cloudfront;
pub mod collect;
pub mod compare;
mod deploy;
pub mod digest;
pub mod django;
pub mod doctor;
pub mod encode;
pub mod error;
pub mod explain;
pub mod gc;
mod inflate;
pub mod invalidation;
pub mod ledger;
pub mod local;
pub mod manifest;
pub mod media_type;
pub mod migrate;
#[cfg(test)]
mod model_tests;
pub mod name;
pub mod object;
mod parallel;
pub mod parameters;
pub mod plan;
pub mod policy;
pub mod post_process;
pub mod prehashed;
pub mod prepare;
pub mod published;
pub mod push;
mod python;
pub mod read;
pub mod release;
pub mod releases;
pub mod report;
pub mod restore;
pub mod retention;
pub mod rewrite;
pub mod rollback;
pub mod session;
pub mod settings;
pub mod stale;
pub mod storage;
pub mod store;
#[cfg(test)]
mod testing;
pub mod tree;
pub mod url;
pub mod urls;
pub mod verify;

/// The programs of `docs/library.md`.
#[cfg(doctest)]
#[doc = include_str!("../docs/library.md")]
struct Library;
