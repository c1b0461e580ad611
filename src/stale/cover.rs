//! The choice of directories that stand for all that is below them: exact, by the fronts of what is possible in each
//! directory, from the leaves to the location.

use std::collections::BTreeMap;

use super::Scope;
use super::spelling::{Spelled, star};

/// The most wildcards that a distribution takes at a time.
pub(super) const MOST_WILDCARDS: usize = 15;

/// A key that has to be covered.
#[derive(Debug)]
pub(super) struct Target<'a> {
    pub(super) key: &'a str,
    pub(super) spelled: Spelled<'a>,
    pub(super) cost: Cost,
}

/// What a set of paths takes. Compared in the order in which one is better than another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Cost {
    /// Fresh keys that are covered.
    pub(super) surplus: u64,
    pub(super) paths: usize,
    pub(super) wildcards: usize,
}

impl Cost {
    fn plus(self, other: Self) -> Self {
        Self {
            surplus: self.surplus + other.surplus,
            paths: self.paths + other.paths,
            wildcards: self.wildcards + other.wildcards,
        }
    }
}

/// What paths take; `fresh` is sorted.
pub(super) fn cost(spelled: &Spelled<'_>, fresh: &[&str]) -> Cost {
    let paths = spelled.paths.len();
    match spelled.start {
        None => Cost { paths, ..Cost::default() },
        Some(start) => Cost { surplus: below(fresh, start), paths, wildcards: paths },
    }
}

/// How many keys begin so.
fn below(sorted: &[&str], start: &str) -> u64 {
    let from = sorted.partition_point(|key| *key < start);
    sorted[from..].partition_point(|key| key.starts_with(start)) as u64
}

/// A way to cover what is below a directory.
#[derive(Debug, Clone)]
struct Way<'a> {
    cost: Cost,
    /// The directories that stand for all that is below them; all other keys have paths of their own.
    directories: Vec<&'a str>,
}

struct Chooser<'s, 'a> {
    base: &'s str,
    fresh: &'s [&'a str],
    budget: usize,
}

/// The directories that stand for all that is below them; `None` where not even the location's own wildcards are within
/// the budget. Targets are sorted.
pub(super) fn cover<'a>(
    scope: &Scope<'_>,
    targets: &[Target<'a>],
    fresh: &[&'a str],
    budget: usize,
) -> Option<Vec<&'a str>> {
    let chooser = Chooser { base: scope.base, fresh, budget };
    let best = chooser.ways(scope.prefix.len(), targets).into_iter().min_by_key(|way| way.cost)?;
    Some(best.directories)
}

impl<'a> Chooser<'_, 'a> {
    /// The ways to cover targets that share a directory, which is their first so many bytes: all of which none is worse
    /// than another in every respect.
    fn ways(&self, directory: usize, targets: &[Target<'a>]) -> Vec<Way<'a>> {
        let mut children: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        let mut own = Cost::default();
        for (index, target) in targets.iter().enumerate() {
            match target.key[directory..].find('/') {
                Some(length) => {
                    let child = &target.key[..=directory + length];
                    children.entry(child).or_insert((index, index)).1 = index;
                }
                None => own = own.plus(target.cost),
            }
        }
        let single = Way { cost: own, directories: Vec::new() };
        let mut ways: Vec<Way<'a>> = [single].into_iter().filter(|way| self.fits(&way.cost)).collect();
        for (child, (first, last)) in children {
            // What is in a directory is sorted together, with nothing else in between.
            let below = self.ways(child.len(), &targets[first..=last]);
            ways = self.joined(&ways, &below);
        }
        if let Some(target) = targets.first() {
            let whole = &target.key[..directory];
            ways.push(Way { cost: cost(&star(self.base, whole), self.fresh), directories: vec![whole] });
        }
        ways.retain(|way| self.fits(&way.cost));
        undominated(ways, |way| way.cost)
    }

    fn fits(&self, cost: &Cost) -> bool {
        cost.paths <= self.budget && cost.wildcards <= MOST_WILDCARDS
    }

    /// Each way of the one with each of the other.
    fn joined(&self, left: &[Way<'a>], right: &[Way<'a>]) -> Vec<Way<'a>> {
        let pairs = left.iter().flat_map(|one| right.iter().map(move |other| (one, other)));
        let pairs = pairs.map(|(one, other)| (one.cost.plus(other.cost), one, other));
        let pairs: Vec<_> = pairs.filter(|(cost, ..)| self.fits(cost)).collect();
        undominated(pairs, |(cost, ..)| *cost)
            .into_iter()
            .map(|(cost, one, other)| Way {
                cost,
                directories: [one.directories.as_slice(), &other.directories].concat(),
            })
            .collect()
    }
}

/// Those than which no other is better or as good in every respect.
fn undominated<T>(mut ways: Vec<T>, cost: impl Fn(&T) -> Cost) -> Vec<T> {
    ways.sort_by_key(|way| {
        let Cost { surplus, paths, wildcards } = cost(way);
        (paths, wildcards, surplus)
    });
    // The least surplus so far by the number of wildcards.
    let mut least = [u64::MAX; MOST_WILDCARDS + 1];
    ways.retain(|way| {
        let Cost { surplus, wildcards, .. } = cost(way);
        let better = least[..=wildcards].iter().all(|other| surplus < *other);
        if better {
            least[wildcards] = surplus;
        }
        better
    });
    ways
}
