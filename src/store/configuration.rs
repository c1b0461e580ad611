//! How a bucket is set up, as far as it decides on what becomes of objects and who gets them. Plain data, without the
//! service's own names for it.

/// A rule by which the service itself deletes or archives objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifecycleRule {
    /// What it is called; may be empty.
    pub id: String,
    /// What keys begin with that it is about; empty for all.
    pub prefix: String,
    /// Names and values of tags, all of which an object must have.
    pub tags: Vec<(String, String)>,
    /// When it deletes objects, if it does.
    pub deletes: Option<Age>,
    /// When it moves objects to where they cannot be read at once, if it does, and what that is called.
    pub archives: Option<(Age, String)>,
}

/// When a rule strikes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Age {
    /// So many days after the object was put.
    Days(i32),
    /// From a date on, RFC 3339.
    On(String),
}

/// Who may read across origins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorsRule {
    /// Origins, with at most one `*` in each.
    pub origins: Vec<String>,
    /// Methods in capitals.
    pub methods: Vec<String>,
}

/// What a bucket keeps from being public.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PublicAccessBlock {
    /// ACLs that make objects public do not count (`IgnorePublicAcls`).
    pub acls: bool,
    /// A policy that makes objects public counts for nobody outside of the account (`RestrictPublicBuckets`).
    pub policy: bool,
}

/// Whether a bucket keeps what is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Versioning {
    /// It does not.
    Off,
    /// It does.
    On,
    /// It did.
    Suspended,
}
