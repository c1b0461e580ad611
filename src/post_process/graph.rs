//! The graph of references between files that are to be rewritten: an order with targets first, and the cycles that
//! leave none. Nothing here recurses, however deep a chain is.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

/// From each file to those that its content depends on; a file that is no key depends on none.
pub(super) type Graph = BTreeMap<usize, BTreeSet<usize>>;

/// Files in an order in which targets come before what refers to them.
///
/// # Errors
/// For each group of files that cannot be ordered, one of the shortest cycles through its first file: from that file
/// round to itself again.
pub(super) fn order(graph: &Graph) -> Result<Vec<usize>, Vec<Vec<usize>>> {
    let mut waits: HashMap<usize, usize> = HashMap::new();
    let mut referrers: HashMap<usize, Vec<usize>> = HashMap::new();
    for (file, targets) in graph {
        let targets = targets.iter().filter(|target| graph.contains_key(target));
        waits.insert(*file, targets.map(|target| referrers.entry(*target).or_default().push(*file)).count());
    }
    let mut order: Vec<usize> = graph.keys().copied().filter(|file| waits[file] == 0).collect();
    let mut next = 0;
    while let Some(done) = order.get(next) {
        next += 1;
        for referrer in referrers.get(done).into_iter().flatten() {
            if let Some(left) = waits.get_mut(referrer) {
                *left -= 1;
                if *left == 0 {
                    order.push(*referrer);
                }
            }
        }
    }
    if order.len() == graph.len() { Ok(order) } else { Err(cycles(graph, &order)) }
}

/// One cycle for each group of files that refer to each other, however far round.
fn cycles(graph: &Graph, ordered: &[usize]) -> Vec<Vec<usize>> {
    let mut left: BTreeSet<usize> = graph.keys().copied().collect();
    for file in ordered {
        left.remove(file);
    }
    let back = backward(graph, &left);
    drop_mere_referrers(graph, &back, &mut left);
    let mut cycles = Vec::new();
    while let Some(file) = left.first().copied() {
        if let Some(cycle) = shortest_cycle(graph, &left, file) {
            let forth = reached(graph, &left, file);
            for member in reached(&back, &left, file).intersection(&forth) {
                left.remove(member);
            }
            cycles.push(cycle);
        } else {
            left.remove(&file);
        }
    }
    cycles
}

/// The same references from their targets' side.
fn backward(graph: &Graph, among: &BTreeSet<usize>) -> Graph {
    let mut back = Graph::new();
    for file in among {
        for target in graph[file].iter().filter(|target| among.contains(target)) {
            back.entry(*target).or_default().insert(*file);
        }
    }
    back
}

/// Takes away the files that lead to a cycle and are in none: to each of them nothing refers but others of them.
fn drop_mere_referrers(graph: &Graph, back: &Graph, left: &mut BTreeSet<usize>) {
    let mut referrers: HashMap<usize, usize> =
        left.iter().map(|file| (*file, back.get(file).map_or(0, BTreeSet::len))).collect();
    let mut mere: Vec<usize> = left.iter().copied().filter(|file| referrers[file] == 0).collect();
    while let Some(file) = mere.pop() {
        left.remove(&file);
        for target in &graph[&file] {
            if let Some(count) = referrers.get_mut(target) {
                *count -= 1;
                if *count == 0 {
                    mere.push(*target);
                }
            }
        }
    }
}

/// From a file round to itself, by as few references as possible.
fn shortest_cycle(graph: &Graph, among: &BTreeSet<usize>, start: usize) -> Option<Vec<usize>> {
    let mut came_from: HashMap<usize, usize> = HashMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(file) = queue.pop_front() {
        for target in graph[&file].iter().filter(|target| among.contains(target)) {
            if *target == start {
                let mut cycle = vec![start];
                let mut at = file;
                while at != start {
                    cycle.push(at);
                    at = came_from[&at];
                }
                cycle.push(start);
                cycle.reverse();
                return Some(cycle);
            }
            if !came_from.contains_key(target) {
                came_from.insert(*target, file);
                queue.push_back(*target);
            }
        }
    }
    None
}

/// A file and all those that a walk from it comes to.
fn reached(graph: &Graph, among: &BTreeSet<usize>, start: usize) -> BTreeSet<usize> {
    let mut reached = BTreeSet::from([start]);
    let mut stack = vec![start];
    while let Some(file) = stack.pop() {
        for target in graph.get(&file).into_iter().flatten() {
            if among.contains(target) && reached.insert(*target) {
                stack.push(*target);
            }
        }
    }
    reached
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

    #[test]
    fn targets_come_first_in_the_deepest_chain() {
        let edges: Vec<(usize, usize)> = (0..100_000).map(|file| (file, file + 1)).collect();
        let expected: Vec<usize> = (0..100_000).rev().collect();
        assert_eq!(order(&graph(&edges)), Ok(expected));
    }

    #[test]
    fn each_group_shows_one_cycle() {
        let graph = graph(&[(0, 1), (1, 2), (2, 1), (2, 3), (3, 4), (4, 2), (5, 5), (6, 7), (7, 6), (6, 5)]);
        assert_eq!(order(&graph), Err(vec![vec![1, 2, 1], vec![5, 5], vec![6, 7, 6]]));
    }

    #[test]
    fn a_long_cycle_is_shown_in_its_direction() {
        assert_eq!(order(&graph(&[(0, 2), (2, 1), (1, 0)])), Err(vec![vec![0, 2, 1, 0]]));
    }

    proptest! {
        #[test]
        fn an_order_has_targets_first(edges in proptest::collection::vec((0_usize..12, 0_usize..12), 0..20)) {
            let graph = graph(&edges);
            match order(&graph) {
                Ok(order) => {
                    for (file, target) in edges {
                        let place = |wanted| order.iter().position(|file| *file == wanted);
                        prop_assert!(place(target) < place(file));
                    }
                }
                Err(cycles) => {
                    prop_assert!(!cycles.is_empty());
                    for cycle in cycles {
                        prop_assert_eq!(cycle.first(), cycle.last());
                        prop_assert!(cycle.len() > 1);
                        for pair in cycle.windows(2) {
                            prop_assert!(graph[&pair[0]].contains(&pair[1]));
                        }
                    }
                }
            }
        }
    }
}
