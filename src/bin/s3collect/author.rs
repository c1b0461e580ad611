//! Who runs this, as others who wait for it are told. It stands in the bucket for a while, which may be public: a job's
//! number says enough.

use std::collections::BTreeMap;

/// What CI services call a run, by the variable that has its number.
const RUNS: [(&str, &str); 6] = [
    ("GITHUB_RUN_ID", "GitHub run"),
    ("CI_JOB_ID", "GitLab job"),
    ("CIRCLE_BUILD_NUM", "CircleCI build"),
    ("BUILDKITE_BUILD_NUMBER", "Buildkite build"),
    ("BITBUCKET_BUILD_NUMBER", "Bitbucket build"),
    ("BUILD_NUMBER", "build"),
];
/// Where shells say which machine it is.
const HOSTS: [&str; 3] = ["HOSTNAME", "HOST", "COMPUTERNAME"];

/// Who that is; empty where nothing tells.
pub(crate) fn author(environment: &BTreeMap<String, String>) -> String {
    let set = |name: &str| environment.get(name).filter(|value| !value.is_empty());
    let run = RUNS.iter().find_map(|(name, what)| Some(format!("{what} {}", set(name)?)));
    run.or_else(|| HOSTS.iter().find_map(|name| set(name).cloned())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_told_rather_than_a_machine() {
        let of = |pairs: &[(&str, &str)]| {
            author(&pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
        };
        assert_eq!(of(&[("GITHUB_RUN_ID", "17"), ("HOSTNAME", "runner-1")]), "GitHub run 17");
        assert_eq!(of(&[("GITHUB_RUN_ID", ""), ("HOSTNAME", "runner-1")]), "runner-1");
        assert_eq!(of(&[]), "");
    }
}
