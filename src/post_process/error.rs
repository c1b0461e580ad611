//! What post-processing has to say, as errors or as warnings.

use std::fmt;

use crate::error::Diagnose;
use crate::name::{AssetName, StoredName};
use crate::rewrite::ReferenceKind;

/// A reference by where it stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file that it stands in.
    pub name: AssetName,
    /// The line it begins on, from 1.
    pub line: usize,
    /// What is written there.
    pub url: String,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` line {} refers to `{}`", self.name, self.line, self.url)
    }
}

/// What is wrong with files and their references. Some of these are errors in any case, some only where the settings
/// say so, some never.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PostProcessError {
    /// A file that is in no source; what the bucket or an earlier output holds does not count.
    #[error("{place}, which was not collected")]
    Missing {
        /// The reference.
        place: Box<Place>,
        /// What kind of reference it is.
        kind: ReferenceKind,
        /// The name that it comes down to.
        resolved: String,
        /// The collected name that is most like it.
        nearest: Option<String>,
        /// The static dirs, as they were written.
        sources: Vec<String>,
    },
    /// More `..` than folders.
    #[error("{place}, which leads out of the static dirs")]
    Outside {
        /// The reference.
        place: Box<Place>,
        /// What it comes down to.
        resolved: String,
    },
    /// Text that Python's URL parser refuses, as in Django.
    #[error("{place}, which cannot be parsed as a URL")]
    Unparsable {
        /// The reference.
        place: Box<Place>,
    },
    /// A directory without a slash at its end, which Django finds on disk and not on S3.
    #[error("{place}, which is a directory")]
    Directory {
        /// The reference.
        place: Box<Place>,
    },
    /// A reference in a file that is stored as it is, to one that is stored under a hashed name only.
    #[error("{place}, which is stored under its hashed name only")]
    PlainOnly {
        /// The reference.
        place: Box<Place>,
        /// What it comes down to.
        resolved: String,
    },
    /// A replacement that names no file, as Django makes it too.
    #[error("{place} and becomes `{replacement}`, which does not exist")]
    Dangling {
        /// The reference.
        place: Box<Place>,
        /// What stands there now.
        replacement: String,
    },
    /// A reference to a module that two patterns found, one after the other.
    #[error("`{}` line {}: a reference is hashed twice and becomes `{replacement}`, which does not exist", place.name, place.line)]
    Twice {
        /// The reference as the first pattern left it.
        place: Box<Place>,
        /// What stands there now.
        replacement: String,
    },
    /// A replacement with the hash of a file's bytes as they were, where the file is stored under another.
    #[error(
        "{place} and becomes `{replacement}`, which does not exist: that file is stored as `{stored_name}`"
    )]
    Stale {
        /// The reference.
        place: Box<Place>,
        /// What stands there now.
        replacement: String,
        /// Where the file is.
        stored_name: StoredName,
    },
    /// What is too much to be told one by one.
    #[error("`{}` has the same trouble with {count} more references, from line {} on", place.name, place.line)]
    More {
        /// The first that is not told.
        place: Box<Place>,
        /// How many there are.
        count: usize,
    },
    /// Files whose hashes depend on each other.
    #[error("circular references: {}", cycle(names))]
    Circular {
        /// From one file round to itself again.
        names: Vec<AssetName>,
    },
    /// A file whose name Django cannot hash, or whose hashed name leads elsewhere.
    #[error("`{name}` cannot be stored under a hashed name")]
    Name {
        /// Which file.
        name: AssetName,
        /// What would come out.
        hashed: Option<String>,
    },
    /// Two files for one name.
    #[error("`{}` and `{}` are both stored as `{stored_name}`", names.0, names.1)]
    Clash {
        /// That name.
        stored_name: StoredName,
        /// The two files.
        names: (AssetName, AssetName),
        /// Whether they are the same, byte for byte.
        same: bool,
    },
    /// A script in which Django's patterns had to look for references, although the lexer was to.
    #[error("`{name}` line {line}: not parsed as JavaScript")]
    Unlexed {
        /// Which file.
        name: AssetName,
        /// Where that became clear, from 1.
        line: usize,
        /// In the parser's words.
        reason: String,
    },
    /// A file that is named like the manifest.
    #[error("`{name}` is overwritten by the manifest")]
    Manifest {
        /// Which file.
        name: AssetName,
    },
}

fn cycle(names: &[AssetName]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(" → ")
}

impl PostProcessError {
    /// What it is sorted by.
    pub(super) fn position(&self) -> (AssetName, usize) {
        match self {
            Self::Missing { place, .. }
            | Self::Outside { place, .. }
            | Self::Unparsable { place }
            | Self::PlainOnly { place, .. }
            | Self::Directory { place }
            | Self::Dangling { place, .. }
            | Self::Twice { place, .. }
            | Self::Stale { place, .. }
            | Self::More { place, .. } => (place.name.clone(), place.line),
            Self::Unlexed { name, line, .. } => (name.clone(), *line),
            Self::Circular { names } => (names[0].clone(), 0),
            Self::Clash { names, .. } => (names.0.clone(), 0),
            Self::Name { name, .. } | Self::Manifest { name } => (name.clone(), 0),
        }
    }
}

impl Diagnose for PostProcessError {
    fn name(&self) -> Option<String> {
        Some(self.position().0.to_string())
    }

    fn note(&self) -> Option<String> {
        match self {
            Self::Missing { resolved, sources, .. } if sources.is_empty() => {
                Some(format!("it resolves to `{resolved}`"))
            }
            Self::Missing { resolved, sources, .. } => {
                let sources: Vec<String> = sources.iter().map(|source| format!("`{source}`")).collect();
                Some(format!("it resolves to `{resolved}`; looked in {}", sources.join(", ")))
            }
            Self::Outside { resolved, .. } => Some(format!("it resolves to `{resolved}`")),
            Self::PlainOnly { place, resolved } => {
                Some(format!("it resolves to `{resolved}`; `{}` is prehashed and stored as it is", place.name))
            }
            Self::Dangling { .. } => Some("Django makes the same of it".to_owned()),
            Self::Twice { place, .. } => Some(format!(
                "as in Django, a later pattern, which begins at the word `import` or `export` on an earlier line, found \
                 `{}` that an earlier pattern had written",
                place.url
            )),
            Self::Stale { .. } => Some(
                "as in Django, a reference with a query, or not spelled as the name, gets the hash of the file before \
                 its own references were replaced"
                    .to_owned(),
            ),
            Self::Circular { .. } => Some(
                "the hash of each depends on the others; Django ends here with `Max post-process passes exceeded`"
                    .to_owned(),
            ),
            Self::Name { hashed: Some(hashed), .. } => {
                Some(format!("its name is read as a URL, as in Django, and `{hashed}` comes out"))
            }
            Self::Name { hashed: None, .. } => {
                Some("its name is read as a URL, as in Django, and is none".to_owned())
            }
            Self::Clash { same: true, .. } => Some("their bytes are the same".to_owned()),
            Self::Clash { same: false, .. } => Some("their bytes differ".to_owned()),
            Self::Unlexed { reason, .. } => {
                Some(format!("{reason}; its references are those that Django's patterns find"))
            }
            Self::Unparsable { .. } | Self::Directory { .. } | Self::Manifest { .. } | Self::More { .. } => None,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Missing { nearest: Some(nearest), .. } => {
                return Some(format!("`{nearest}` was collected; if that is meant, correct the reference"));
            }
            Self::Missing { kind: ReferenceKind::SourceMap, .. } => {
                "add the source map, or set `missing_source_map = \"warn\"` to leave such lines as they are"
            }
            Self::Missing { .. } => {
                "add the file, or set `missing_reference = \"warn\"` to leave such references as they are"
            }
            Self::Outside { .. } | Self::Unparsable { .. } => "correct the reference",
            Self::PlainOnly { .. } => {
                "set `keep_original_files = true`, or name that file in `prehashed` if it carries a hash, too"
            }
            Self::Directory { .. } => "refer to a file in it, or put a slash at its end",
            Self::Dangling { .. } => "refer to the file by its plain name",
            Self::Twice { .. } => "move that word, which may stand in a comment, behind the imports",
            Self::Stale { .. } => "leave the query out; a hashed name needs none",
            Self::Unlexed { .. } => {
                "correct it, or name it in `exclude_rewrite` if its references need no replacing"
            }
            Self::More { .. } => "look at those that are told first",
            Self::Circular { .. } => {
                "remove one of these references, or set `circular_references = \"hash\"` to name such files by one \
                 common hash"
            }
            Self::Name { .. } => "rename the file, or leave it out with `--ignore`",
            Self::Clash { .. } => "rename one of them, or leave one out with `--ignore`",
            Self::Manifest { .. } => "leave it out with `--ignore`, or set another `manifest_name`",
        };
        Some(hint.to_owned())
    }
}
