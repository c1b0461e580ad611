//! The `s3collect` command.
fn main() {}
