//! What cannot be rewritten.

use crate::error::{Diagnose, Exit};

/// Why a file is left as it is. `line` is counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant says what its fields are")]
pub enum MigrateError {
    /// An expression, whose value only Python knows.
    #[error("`{name}` in `{file}:{line}` is no plain literal")]
    NotLiteral { file: String, line: usize, name: String },
    /// A value of another type than the boto backend took.
    #[error("`{name}` in `{file}:{line}` must be {expected}")]
    WrongType { file: String, line: usize, name: String, expected: &'static str },
    /// The same name twice in one block, of which one counts.
    #[error("`{name}` is given in `{file}:{first}` and again in `{file}:{line}`")]
    Twice { file: String, first: usize, line: usize, name: String },
    /// Two names that make up one setting, in different blocks.
    #[error("`{name}` in `{file}:{line}` stands in another block than `{other}` in `{file}:{other_line}`")]
    Apart { file: String, line: usize, name: String, other: String, other_line: usize },
    /// A name that is read, changed or deleted, not only given a value.
    #[error("`{name}` is used in `{file}:{line}`, and would be gone")]
    UsedElsewhere { file: String, line: usize, name: String },
    /// Not TOML at all.
    #[error("line {line} is no TOML: {problem}")]
    NoToml { line: usize, problem: String },
    /// A table or a part of one.
    #[error("`{name}` in line {line} does not stand in a line of its own")]
    NotALine { line: usize, name: String },
}

impl Diagnose for MigrateError {
    fn note(&self) -> Option<String> {
        Some("nothing was written".to_owned())
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotLiteral { .. } => "write its value there for now, or change this one by hand",
            Self::WrongType { .. } | Self::NoToml { .. } => return None,
            Self::Twice { .. } => "remove the one that does not count",
            Self::Apart { .. } => "write both into the same block",
            Self::UsedElsewhere { .. } => "change that line by hand first",
            Self::NotALine { name, .. } => return Some(format!("write it as `{name} = …`")),
        };
        Some(hint.to_owned())
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}
