//! What happens to a CloudFront distribution after a push.

use std::fmt;

use super::masked_url;

/// `invalidate` and what belongs to it.
#[derive(Clone, PartialEq, Eq)]
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

impl fmt::Debug for InvalidationSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { distribution, budget, wait, endpoint_url } = self;
        formatter
            .debug_struct("InvalidationSettings")
            .field("distribution", distribution)
            .field("budget", budget)
            .field("wait", wait)
            .field("endpoint_url", &endpoint_url.as_deref().map(masked_url))
            .finish()
    }
}
