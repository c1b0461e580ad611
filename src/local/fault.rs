//! Failures on request, for tests of whoever talks to the endpoint: deterministic rules that answer, delay or
//! hang up on the requests they name, and the log of requests by which those tests count.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use globset::{Glob, GlobMatcher};

use super::error::LocalError;

/// One rule: what happens to which requests.
#[derive(Debug, Clone)]
pub struct Fault {
    /// S3's name of the operation (`PutObject`); `None` is any.
    pub operation: Option<String>,
    /// A glob over keys, in which `*` crosses `/`; `None` is any, requests without a key included.
    pub key: Option<String>,
    /// Which of the requests that match.
    pub when: When,
    /// What happens to those.
    pub effect: Effect,
}

/// Which of the requests that match, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// All of them.
    Always,
    /// The one of this number.
    Nth(u64),
    /// Each whose number is a multiple of this.
    EveryNth(u64),
    /// Those up to this number.
    First(u64),
}

/// What happens to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// It is refused, and nothing is done.
    Answer {
        /// The HTTP status, such as 503.
        status: u16,
        /// S3's code, such as `SlowDown`.
        code: String,
        /// Any text.
        message: String,
    },
    /// It is answered, later.
    Delay(Duration),
    /// The connection is closed, and nothing is done.
    HangUpBefore,
    /// It is done, and the connection closed instead of saying so.
    HangUpAfter,
}

/// A request as it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedRequest {
    /// `PUT`.
    pub method: String,
    /// Path and query as they were sent.
    pub target: String,
    /// S3's name of the operation; `None` where the request was refused before it was understood.
    pub operation: Option<String>,
    /// The bucket, where the operation has one.
    pub bucket: Option<String>,
    /// The key, where the operation has one.
    pub key: Option<String>,
    /// By lower-case name; `authorization` is left out.
    pub headers: BTreeMap<String, String>,
    /// The HTTP status; `None` where the connection was closed instead.
    pub status: Option<u16>,
}

struct Rule {
    fault: Fault,
    keys: Option<GlobMatcher>,
    met: u64,
}

/// The rules that are in force.
#[derive(Default)]
pub(super) struct Faults(Mutex<Vec<Rule>>);

impl Faults {
    /// Puts other rules in force, counting anew.
    pub(super) fn set(&self, faults: Vec<Fault>) -> Result<(), LocalError> {
        let rules: Result<Vec<Rule>, globset::Error> = faults
            .into_iter()
            .map(|fault| {
                let keys =
                    fault.key.as_deref().map(|pattern| Glob::new(pattern).map(|glob| glob.compile_matcher()));
                Ok(Rule { keys: keys.transpose()?, fault, met: 0 })
            })
            .collect();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = rules.map_err(LocalError::Pattern)?;
        Ok(())
    }

    /// What happens to a request: the effect of the first rule that is due. All that match count it.
    pub(super) fn strike(&self, operation: &str, key: Option<&str>) -> Option<Effect> {
        let mut struck = None;
        for rule in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
            let named = rule.fault.operation.as_deref().is_none_or(|name| name == operation);
            let matches = rule.keys.as_ref().is_none_or(|keys| key.is_some_and(|key| keys.is_match(key)));
            if named && matches {
                rule.met += 1;
                if struck.is_none() && is_due(rule.fault.when, rule.met) {
                    struck = Some(rule.fault.effect.clone());
                }
            }
        }
        struck
    }
}

fn is_due(when: When, number: u64) -> bool {
    match when {
        When::Always => true,
        When::Nth(nth) => number == nth,
        When::EveryNth(nth) => nth > 0 && number.is_multiple_of(nth),
        When::First(count) => number <= count,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(operation: Option<&str>, key: Option<&str>, when: When, effect: Effect) -> Fault {
        Fault { operation: operation.map(str::to_owned), key: key.map(str::to_owned), when, effect }
    }

    #[test]
    fn rules_count_only_what_they_match() {
        let faults = Faults::default();
        let delay = Effect::Delay(Duration::from_secs(1));
        let rules = vec![
            fault(Some("PutObject"), Some("css/*.css"), When::Nth(2), Effect::HangUpAfter),
            fault(None, None, When::EveryNth(3), delay.clone()),
        ];
        faults.set(rules).unwrap();
        let strike = |operation, key| faults.strike(operation, key);
        assert_eq!(strike("PutObject", Some("css/deep/site.css")), None);
        assert_eq!(strike("PutObject", Some("js/site.js")), None);
        assert_eq!(strike("GetObject", Some("css/site.css")), Some(delay));
        assert_eq!(strike("PutObject", Some("css/site.css")), Some(Effect::HangUpAfter));
        assert_eq!(strike("ListObjectsV2", None), None);
    }

    #[test]
    fn the_first_ones_and_no_more() {
        assert_eq!([1, 2, 3].map(|number| is_due(When::First(2), number)), [true, true, false]);
        assert_eq!([1, 2, 4].map(|number| is_due(When::EveryNth(2), number)), [false, true, true]);
        assert!(!is_due(When::EveryNth(0), 0));
    }
}
