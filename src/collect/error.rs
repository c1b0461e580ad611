//! What is wrong with static dirs.

use std::io;
use std::path::PathBuf;

use crate::error::{Diagnose, Exit};
use crate::name::NameError;

/// Why static dirs cannot be collected.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// There is no source at all.
    #[error("no static dir was given")]
    NoSource,
    /// A source that is not there.
    #[error("the static dir `{}` does not exist", dir.display())]
    Missing {
        /// The source as written.
        dir: PathBuf,
    },
    /// A source that is something else than a directory.
    #[error("the static dir `{}` is not a directory", dir.display())]
    NotADirectory {
        /// The source as written.
        dir: PathBuf,
    },
    /// The root of a file system as a source.
    #[error("`{}` is the root of the file system, and is not collected", dir.display())]
    Root {
        /// The source as written.
        dir: PathBuf,
    },
    /// A home directory as a source.
    #[error("`{}` is your home directory, and is not collected", dir.display())]
    Home {
        /// The source as written.
        dir: PathBuf,
    },
    /// Something that a push writes inside a source: the next push would collect it.
    #[error("the {what} `{}` is inside the static dir `{}`", path.display(), dir.display())]
    LocalInside {
        /// What it is, in words.
        what: &'static str,
        /// The setting that says where it is.
        setting: &'static str,
        /// Where it is, as written.
        path: PathBuf,
        /// The source as written.
        dir: PathBuf,
    },
    /// A source without a file in it.
    #[error("the static dir `{}` holds no files", dir.display())]
    Empty {
        /// The source as written.
        dir: PathBuf,
    },
    /// A source all of whose files are ignored.
    #[error("the ignore patterns leave nothing of the static dir `{}`", dir.display())]
    AllIgnored {
        /// The source as written.
        dir: PathBuf,
    },
    /// A prefix that cannot stand in a name.
    #[error("`{prefix}` is no prefix of names")]
    Prefix {
        /// The prefix as written.
        prefix: String,
    },
    /// An ignore pattern too big to be used.
    #[error("the ignore pattern `{pattern}` cannot be used")]
    Pattern {
        /// The pattern as written.
        pattern: String,
        /// What the regex engine says of it.
        source: regex::Error,
    },
    /// Something that cannot be read.
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// Directory or file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A link whose target is outside its source.
    #[error("`{}` is a link to `{}`, which leaves `{}`", link.display(), target.display(), dir.display())]
    LinkLeaves {
        /// The link.
        link: PathBuf,
        /// Its target as the link spells it.
        target: PathBuf,
        /// The source as written.
        dir: PathBuf,
    },
    /// A link to itself, or to a directory that it is in.
    #[error("`{}` is a link to `{}`, which never ends", link.display(), target.display())]
    LinkLoop {
        /// The link.
        link: PathBuf,
        /// Its target as the link spells it.
        target: PathBuf,
    },
    /// A link to nothing.
    #[error("`{}` is a link to `{}`, which does not exist", link.display(), target.display())]
    LinkBroken {
        /// The link.
        link: PathBuf,
        /// Its target as the link spells it.
        target: PathBuf,
    },
    /// A pipe, a socket or a device.
    #[error("`{}` is {kind}, and cannot be an asset", path.display())]
    Special {
        /// Where it is.
        path: PathBuf,
        /// What it is, in words.
        kind: &'static str,
    },
    /// A file, or a directory with files in it, that looks as if it were not meant for everybody.
    #[error("`{}` looks like {kind} (`{pattern}`), and is refused", path.display())]
    Sensitive {
        /// What it would be called.
        name: String,
        /// Where it is.
        path: PathBuf,
        /// What it looks like, in words.
        kind: &'static str,
        /// The pattern that its name matches.
        pattern: &'static str,
        /// The glob that allows it.
        allow: String,
    },
    /// A file whose name cannot be a key.
    #[error("{problem}")]
    Name {
        /// Where it is.
        path: PathBuf,
        /// What is wrong with its name; the message is its own.
        problem: NameError,
    },
}

impl CollectError {
    /// What errors are sorted by.
    pub(super) fn place(&self) -> PathBuf {
        match self {
            Self::NoSource => PathBuf::new(),
            Self::Prefix { prefix: text } | Self::Pattern { pattern: text, .. } => PathBuf::from(text),
            Self::Missing { dir: path }
            | Self::NotADirectory { dir: path }
            | Self::Root { dir: path }
            | Self::Home { dir: path }
            | Self::LocalInside { dir: path, .. }
            | Self::Empty { dir: path }
            | Self::AllIgnored { dir: path }
            | Self::Unreadable { path, .. }
            | Self::LinkLeaves { link: path, .. }
            | Self::LinkLoop { link: path, .. }
            | Self::LinkBroken { link: path, .. }
            | Self::Special { path, .. }
            | Self::Sensitive { path, .. }
            | Self::Name { path, .. } => path.clone(),
        }
    }
}

impl Diagnose for CollectError {
    fn name(&self) -> Option<String> {
        match self {
            Self::Sensitive { name, .. } => Some(name.clone()),
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoSource => "give a directory as an argument, or set `sources`",
            Self::Missing { .. } => "correct the path, or create the directory",
            Self::NotADirectory { .. } => "give the directory that it is in",
            Self::Root { .. } | Self::Home { .. } => "give the directory that holds the static files",
            Self::LocalInside { setting, .. } => {
                return Some(format!("choose a place outside it for `{setting}`"));
            }
            Self::Empty { .. } => "put files in, or leave the static dir out",
            Self::AllIgnored { .. } => {
                "change `ignore_patterns`, or leave out the default ones with `--no-default-ignore`"
            }
            Self::Prefix { .. } => "write a relative path without `.` and `..`, such as `vendor`",
            Self::Pattern { .. } => "write several shorter patterns",
            Self::Unreadable { .. } => "make it readable, or leave it out with `--ignore`",
            Self::LinkLeaves { .. } => {
                "set `follow_symlinks = true` if that is meant, or leave it out with `--ignore`"
            }
            Self::LinkLoop { .. } | Self::LinkBroken { .. } => {
                "remove the link, or leave it out with `--ignore`"
            }
            Self::Special { .. } => "leave it out with `--ignore`",
            Self::Sensitive { allow, .. } => {
                return Some(format!(
                    "leave it out with `--ignore`, or say that everybody may have it: `allow_sensitive = [\"{allow}\"]`"
                ));
            }
            Self::Name { problem, .. } => return problem.hint(),
        };
        Some(hint.to_owned())
    }

    fn exit(&self) -> Exit {
        match self {
            Self::NoSource
            | Self::Missing { .. }
            | Self::NotADirectory { .. }
            | Self::Root { .. }
            | Self::Home { .. }
            | Self::LocalInside { .. }
            | Self::Prefix { .. }
            | Self::Pattern { .. } => Exit::Usage,
            Self::Empty { .. }
            | Self::AllIgnored { .. }
            | Self::Unreadable { .. }
            | Self::LinkLeaves { .. }
            | Self::LinkLoop { .. }
            | Self::LinkBroken { .. }
            | Self::Special { .. }
            | Self::Sensitive { .. }
            | Self::Name { .. } => Exit::Failed,
        }
    }
}
