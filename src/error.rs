//! What goes wrong, as a person meets it.
//!
//! The rules for errors: each room has one `thiserror` enum, its variants named by meaning and carrying the
//! thing they are about. The cause stands in `source()` and nowhere in the message. [`Diagnose`] adds what a
//! person needs besides: a note on the state things are in and one true thing to do. At the top every room's
//! error is folded into a [`Problem`], which is what is printed and what `--json` holds.

use std::error::Error;
use std::fmt;

use serde::Serialize;

/// How a run ends, as a process exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: something is wrong with the files or the service.
    Failed,
    /// 2: the command line or the settings are wrong.
    Usage,
    /// 3: there are differences, or what was asked for does not exist.
    Differences,
    /// 4: overtaken by a newer release, or by another run.
    Overtaken,
    /// 130: interrupted.
    Interrupted,
}

impl Exit {
    /// The number that the process exits with.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Differences => 3,
            Self::Overtaken => 4,
            Self::Interrupted => 130,
        }
    }
}

/// What an error of a room can say besides its message and its cause.
pub trait Diagnose: Error {
    /// The name of the asset that this is about.
    fn name(&self) -> Option<String> {
        None
    }

    /// The key of the object that this is about.
    fn key(&self) -> Option<String> {
        None
    }

    /// The state things are in now.
    fn note(&self) -> Option<String> {
        None
    }

    /// One true thing to do.
    fn hint(&self) -> Option<String> {
        None
    }

    /// How a run that meets this error ends.
    fn exit(&self) -> Exit {
        Exit::Failed
    }
}

/// An error or a warning, folded from whichever room it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The name of the asset, where it is about one.
    pub name: Option<String>,
    /// The key of the object, where it is about one.
    pub key: Option<String>,
    /// What failed, on which thing; no full stop, enough by itself in a log.
    pub message: String,
    /// The reasons, as told by the layers below, outermost first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
    /// The state things are in now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// One true thing to do.
    pub hint: Option<String>,
    /// How a run that meets this ends; of no meaning in a warning.
    #[serde(skip)]
    pub exit: Exit,
}

impl Problem {
    /// A problem with nothing but a message.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            name: None,
            key: None,
            message: message.into(),
            causes: Vec::new(),
            note: None,
            hint: None,
            exit: Exit::Failed,
        }
    }

    /// The same with a hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with a note.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// The same, ending the run another way.
    #[must_use]
    pub fn with_exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }
}

impl Problem {
    /// Folds a room's error with all its causes.
    #[must_use]
    pub fn of<E: Diagnose + ?Sized>(error: &E) -> Self {
        let mut causes = Vec::new();
        let mut cause = error.source();
        while let Some(inner) = cause {
            let text = inner.to_string();
            // Several layers of the HTTP stack repeat the text of the layer below.
            if causes.last() != Some(&text) {
                causes.push(text);
            }
            cause = inner.source();
        }
        Self {
            name: error.name(),
            key: error.key(),
            message: error.to_string(),
            causes,
            note: error.note(),
            hint: error.hint(),
            exit: error.exit(),
        }
    }

    /// The same of several, in their order.
    #[must_use]
    pub fn all<E: Diagnose>(errors: &[E]) -> Vec<Self> {
        errors.iter().map(Self::of).collect()
    }
}

/// For programs that hand it on: the message and its causes on one line.
impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)?;
        self.causes.iter().try_for_each(|cause| write!(formatter, ": {cause}"))
    }
}

impl Error for Problem {}

impl<E: Diagnose> From<E> for Problem {
    fn from(error: E) -> Self {
        Self::of(&error)
    }
}
