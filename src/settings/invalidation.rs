//! What happens to a CloudFront distribution after a push.

/// `invalidate` and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidationSettings {
    /// The id of the distribution.
    pub distribution: String,
    /// The most paths of one invalidation (`invalidate_budget`).
    pub budget: usize,
    /// Whether a run ends only when CloudFront is done (`invalidate_wait`).
    pub wait: bool,
    /// Where CloudFront is when it is not AWS, with a scheme.
    pub endpoint_url: Option<String>,
}
