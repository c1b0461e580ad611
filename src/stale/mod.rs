//! Which paths of a CloudFront distribution mean something else after a release, as few as a budget allows
//! (`docs/invalidation.md`). Pure.

use crate::object::Role;

mod cover;
mod spelling;
#[cfg(test)]
mod tests;

use cover::{MOST_WILDCARDS, Target, cover};
use spelling::{Spelled, spelled, star};

/// What became of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Change {
    /// It is as it was.
    #[default]
    None,
    /// There was none, so that no cache has it.
    Created,
    /// It has another body, perhaps with other headers.
    Body,
    /// It has the same body with other headers.
    Headers,
    /// It is gone.
    Deleted,
}

impl Change {
    /// Whether caches may hold what its name no longer means. A hashed name never means another body.
    #[must_use]
    pub fn is_stale_in_caches(self, role: Role) -> bool {
        match self {
            Self::Headers => true,
            Self::Body | Self::Deleted => role != Role::Hashed,
            Self::None | Self::Created => false,
        }
    }
}

/// What a distribution serves, and how many paths an invalidation may have.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The path of a `custom_domain` that has one, without a slash at its end; else empty.
    pub base: &'a str,
    /// What every key begins with: the location with a slash at its end, or nothing.
    pub prefix: &'a str,
    /// The most paths; at least one.
    pub budget: usize,
}

/// The paths that cover all `stale` keys; `fresh` are the other keys, which nobody wants fetched again.
///
/// Where each key can have its own paths within the budget, it has. Above the budget directories stand for all that is
/// below them, `/static/css/*`, and of all such sets within the budget the one is taken that covers the fewest `fresh`
/// keys, and of those the one with the fewest paths. The location as a whole is the last resort. Keys are below the prefix.
#[must_use]
pub fn paths(scope: &Scope<'_>, stale: &[&str], fresh: &[&str]) -> Vec<String> {
    let mut fresh = fresh.to_vec();
    fresh.sort_unstable();
    let mut keys = stale.to_vec();
    keys.sort_unstable();
    keys.dedup();
    let targets: Vec<Target<'_>> = keys.into_iter().map(|key| target(scope, key, &fresh)).collect();
    if targets.is_empty() {
        return Vec::new();
    }
    let budget = scope.budget.max(1);
    let own = targets.iter().fold((0, 0), |(paths, wildcards), target| {
        (paths + target.cost.paths, wildcards + target.cost.wildcards)
    });
    let directories = match own.0 <= budget && own.1 <= MOST_WILDCARDS {
        true => Some(Vec::new()),
        false => cover(scope, &targets, &fresh, budget),
    };
    let Some(directories) = directories else {
        return vec![everything(scope.base, scope.prefix)];
    };
    let covered = |key: &str| directories.iter().any(|directory| key.starts_with(directory));
    let single = targets.iter().filter(|target| !covered(target.key)).map(|target| &target.spelled);
    let whole: Vec<Spelled<'_>> = directories.iter().map(|directory| star(scope.base, directory)).collect();
    without_doubles(single.chain(&whole).flat_map(|spelled| spelled.paths.iter().cloned()).collect())
}

/// The path that covers everything below a location.
#[must_use]
pub fn everything(base: &str, prefix: &str) -> String {
    spelling::shortest_star(base, prefix)
}

fn target<'a>(scope: &Scope<'_>, key: &'a str, fresh: &[&str]) -> Target<'a> {
    let spelled = spelled(scope.base, key);
    let cost = cover::cost(&spelled, fresh);
    Target { key, spelled, cost }
}

/// Sorted, without what a wildcard among them covers.
fn without_doubles(mut paths: Vec<String>) -> Vec<String> {
    paths.sort_unstable();
    paths.dedup();
    let starts: Vec<String> =
        paths.iter().filter_map(|path| path.strip_suffix('*')).map(str::to_owned).collect();
    let mine = |path: &str, start: &str| path.strip_suffix('*') == Some(start);
    paths.retain(|path| !starts.iter().any(|start| !mine(path, start) && path.starts_with(start.as_str())));
    paths
}
