//! The graph of references between files that are to be rewritten: its components, those that others refer to first.
//! Nothing here recurses, however deep a chain is.

use std::collections::btree_set;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

/// From each file to those that its content depends on; a file that is no key depends on none.
pub(super) type Graph = BTreeMap<usize, BTreeSet<usize>>;

/// Files that come next in an order in which targets come before what refers to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Component {
    /// A file that does not refer back to itself, however far round.
    File(usize),
    /// Files of which each refers to each, however far round; sorted.
    Circle(BTreeSet<usize>),
}

/// All files of a graph, by Tarjan's algorithm.
pub(super) fn components(graph: &Graph) -> Vec<Component> {
    let (met, path, open, components) = (HashMap::new(), Vec::new(), Vec::new(), Vec::new());
    let mut walk = Walk { graph, met, path, open, components };
    for file in graph.keys() {
        walk.from(*file);
    }
    walk.components
}

/// A walk through a graph, deep before wide.
struct Walk<'a> {
    graph: &'a Graph,
    /// When each file was met first; of a file whose component is found, later than any.
    met: HashMap<usize, usize>,
    /// Files on the way, each with what is left of its targets and the earliest file that it leads back to.
    path: Vec<(usize, btree_set::Iter<'a, usize>, usize)>,
    /// Files whose component is not found yet, in the order of `met`.
    open: Vec<usize>,
    components: Vec<Component>,
}

impl Walk<'_> {
    fn from(&mut self, start: usize) {
        if !self.met.contains_key(&start) {
            self.enter(start);
        }
        while let Some((_, targets, earliest)) = self.path.last_mut() {
            match targets.next() {
                Some(target) => match self.met.get(target) {
                    Some(met) => *earliest = (*earliest).min(*met),
                    None => self.enter(*target),
                },
                None => self.leave(),
            }
        }
    }

    fn enter(&mut self, file: usize) {
        let Some(targets) = self.graph.get(&file) else { return };
        let now = self.met.len();
        self.met.insert(file, now);
        self.open.push(file);
        self.path.push((file, targets.iter(), now));
    }

    fn leave(&mut self) {
        let Some((file, _, earliest)) = self.path.pop() else { return };
        if earliest < self.met[&file] {
            if let Some((_, _, before)) = self.path.last_mut() {
                *before = earliest.min(*before);
            }
            return;
        }
        let first = self.open.iter().rposition(|open| *open == file).unwrap_or_default();
        let members: BTreeSet<usize> = self.open.drain(first..).collect();
        for member in &members {
            self.met.insert(*member, usize::MAX);
        }
        let is_circle = members.len() > 1 || self.graph[&file].contains(&file);
        self.components.push(if is_circle { Component::Circle(members) } else { Component::File(file) });
    }
}

/// One of the shortest cycles through the first of files that refer to each other: from it round to itself again.
pub(super) fn cycle(graph: &Graph, members: &BTreeSet<usize>) -> Vec<usize> {
    let Some(start) = members.first().copied() else { return Vec::new() };
    let mut came_from: HashMap<usize, usize> = HashMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(file) = queue.pop_front() {
        for target in graph[&file].iter().filter(|target| members.contains(target)) {
            if *target == start {
                let mut cycle = vec![start];
                let mut at = file;
                while at != start {
                    cycle.push(at);
                    at = came_from[&at];
                }
                cycle.push(start);
                cycle.reverse();
                return cycle;
            }
            if !came_from.contains_key(target) {
                came_from.insert(*target, file);
                queue.push_back(*target);
            }
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn graph(edges: &[(usize, usize)]) -> Graph {
        let mut graph = Graph::new();
        for (file, target) in edges {
            graph.entry(*file).or_default().insert(*target);
        }
        graph
    }

    /// All cycles, as they are told.
    fn cycles(graph: &Graph) -> Vec<Vec<usize>> {
        let mut cycles: Vec<Vec<usize>> = components(graph)
            .iter()
            .filter_map(|component| match component {
                Component::File(_) => None,
                Component::Circle(members) => Some(cycle(graph, members)),
            })
            .collect();
        cycles.sort();
        cycles
    }

    #[test]
    fn targets_come_first_in_the_deepest_chain() {
        let edges: Vec<(usize, usize)> = (0..100_000).map(|file| (file, file + 1)).collect();
        let expected: Vec<Component> = (0..100_000).rev().map(Component::File).collect();
        assert_eq!(components(&graph(&edges)), expected);
    }

    #[test]
    fn the_widest_circle_is_one_component() {
        let edges: Vec<(usize, usize)> = (0..100_000).map(|file| (file, (file + 1) % 100_000)).collect();
        let graph = graph(&edges);
        assert_eq!(components(&graph), [Component::Circle((0..100_000).collect())]);
        assert_eq!(cycles(&graph)[0].len(), 100_001);
    }

    #[test]
    fn each_group_shows_one_cycle() {
        let graph = graph(&[(0, 1), (1, 2), (2, 1), (2, 3), (3, 4), (4, 2), (5, 5), (6, 7), (7, 6), (6, 5)]);
        assert_eq!(cycles(&graph), [vec![1, 2, 1], vec![5, 5], vec![6, 7, 6]]);
    }

    #[test]
    fn a_long_cycle_is_shown_in_its_direction() {
        assert_eq!(cycles(&graph(&[(0, 2), (2, 1), (1, 0)])), [vec![0, 2, 1, 0]]);
    }

    /// Whether one can come from a file to another, by one reference or more.
    fn leads(graph: &Graph, from: usize, to: usize) -> bool {
        let (mut seen, mut left) = (BTreeSet::new(), vec![from]);
        while let Some(file) = left.pop() {
            let targets = graph.get(&file).into_iter().flatten();
            left.extend(targets.copied().filter(|target| seen.insert(*target)));
        }
        seen.contains(&to)
    }

    proptest! {
        #[test]
        fn components_are_what_leads_back_and_forth_targets_first(
            edges in proptest::collection::vec((0_usize..12, 0_usize..12), 0..24)
        ) {
            let graph = graph(&edges);
            let components = components(&graph);
            let mut place: HashMap<usize, usize> = HashMap::new();
            for (index, component) in components.iter().enumerate() {
                let members = match component {
                    Component::File(file) => BTreeSet::from([*file]),
                    Component::Circle(members) => members.clone(),
                };
                for member in &members {
                    prop_assert_eq!(place.insert(*member, index), None);
                    let round: BTreeSet<usize> = graph
                        .keys()
                        .copied()
                        .filter(|other| leads(&graph, *member, *other) && leads(&graph, *other, *member))
                        .collect();
                    let expected = if matches!(component, Component::File(_)) { BTreeSet::new() } else { members.clone() };
                    prop_assert_eq!(round, expected);
                }
            }
            prop_assert_eq!(place.len(), graph.len());
            for (file, target) in edges {
                if let Some(target) = place.get(&target) {
                    prop_assert!(*target <= place[&file]);
                }
            }
            for cycle in cycles(&graph) {
                prop_assert_eq!(cycle.first(), cycle.last());
                prop_assert!(cycle.len() > 1);
                for pair in cycle.windows(2) {
                    prop_assert!(graph[&pair[0]].contains(&pair[1]));
                }
            }
        }
    }
}
