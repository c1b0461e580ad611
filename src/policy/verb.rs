//! The verbs that a policy can be asked for: those that speak to the bucket.

/// A verb that speaks to the bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "they are the verbs of the command line")]
pub enum PolicyVerb {
    Push,
    Url,
    Releases,
    Rollback,
    Verify,
    Gc,
    Ls,
    Stat,
    Exists,
    Cat,
    Get,
    Put,
    Rm,
    Doctor,
}

impl PolicyVerb {
    /// All of them, in the order of the command line's help.
    pub const ALL: [Self; 14] = [
        Self::Push,
        Self::Url,
        Self::Releases,
        Self::Rollback,
        Self::Verify,
        Self::Gc,
        Self::Ls,
        Self::Stat,
        Self::Exists,
        Self::Cat,
        Self::Get,
        Self::Put,
        Self::Rm,
        Self::Doctor,
    ];

    /// As it is typed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Url => "url",
            Self::Releases => "releases",
            Self::Rollback => "rollback",
            Self::Verify => "verify",
            Self::Gc => "gc",
            Self::Ls => "ls",
            Self::Stat => "stat",
            Self::Exists => "exists",
            Self::Cat => "cat",
            Self::Get => "get",
            Self::Put => "put",
            Self::Rm => "rm",
            Self::Doctor => "doctor",
        }
    }

    /// The verb that is typed so.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.name() == name)
    }
}
