//! Django's ignore patterns: Python's `fnmatch.fnmatchcase`, where `*` matches `/` too. Pure.

use regex::{Regex, RegexSet, RegexSetBuilder};

use crate::collect::CollectError;

/// The patterns of one run.
#[derive(Debug)]
pub(super) struct Ignore {
    /// As written.
    patterns: Vec<String>,
    /// All of them at once, in that order.
    regexes: RegexSet,
}

/// What `regex` lets one pattern take when it is compiled, in bytes.
const SIZE_LIMIT: usize = 10 << 20;

impl Ignore {
    pub(super) fn new(patterns: &[String]) -> Result<Self, Vec<CollectError>> {
        let translated: Vec<String> = patterns.iter().map(|it| translate(&normalise(it))).collect();
        let limit = SIZE_LIMIT * patterns.len().max(1);
        match RegexSetBuilder::new(&translated).size_limit(limit).build() {
            Ok(regexes) => Ok(Self { patterns: patterns.to_vec(), regexes }),
            Err(error) => Err(blame(patterns, &translated, error)),
        }
    }

    /// The first pattern that ignores a directory, which Django tests by its base name alone.
    pub(super) fn directory(&self, base_name: &str) -> Option<&str> {
        self.first(base_name)
    }

    /// The first pattern that ignores a file, which Django tests by its base name, then by its path relative to the
    /// source.
    pub(super) fn file(&self, base_name: &str, relative: &str) -> Option<&str> {
        self.first(base_name).or_else(|| self.first(relative))
    }

    fn first(&self, text: &str) -> Option<&str> {
        if !self.regexes.is_match(text) {
            return None;
        }
        self.regexes.matches(text).iter().next().map(|index| self.patterns[index].as_str())
    }
}

/// The patterns that cannot be compiled by themselves; the last one where all of them can, but not together.
fn blame(patterns: &[String], translated: &[String], together: regex::Error) -> Vec<CollectError> {
    let error = |pattern: &String, source| CollectError::Pattern { pattern: pattern.clone(), source };
    let alone = patterns.iter().zip(translated);
    let alone = alone.filter_map(|(pattern, regex)| Some(error(pattern, Regex::new(regex).err()?)));
    let mut errors: Vec<CollectError> = alone.collect();
    if errors.is_empty() {
        errors.extend(patterns.last().map(|last| error(last, together)));
    }
    errors
}

/// `posixpath.normpath`, which collectstatic puts each pattern through.
fn normalise(pattern: &str) -> String {
    let slashes = pattern.len() - pattern.trim_start_matches('/').len();
    // POSIX lets two leading slashes mean something of their own, so Python keeps exactly two.
    let root = ["", "/", "//", "/"][slashes.min(3)];
    let mut parts: Vec<&str> = Vec::new();
    for part in pattern.split('/').filter(|part| !matches!(*part, "" | ".")) {
        if part != ".." || parts.last().map_or(root.is_empty(), |last| *last == "..") {
            parts.push(part);
        } else {
            parts.pop();
        }
    }
    let path = format!("{root}{}", parts.join("/"));
    if path.is_empty() { ".".to_owned() } else { path }
}

/// `fnmatch.translate`: `*`, `?`, `[seq]` and `[!seq]`, everything else literal.
fn translate(pattern: &str) -> String {
    let pattern: Vec<char> = pattern.chars().collect();
    let mut regex = r"(?s)\A".to_owned();
    let mut position = 0;
    while let Some(&character) = pattern.get(position) {
        position += 1;
        match character {
            '*' => regex.push_str(".*"),
            '?' => regex.push('.'),
            '[' => match class_end(&pattern, position) {
                Some(end) => {
                    regex.push_str(&class(&pattern[position..end]));
                    position = end + 1;
                }
                None => regex.push_str(r"\["),
            },
            _ => regex.push_str(&regex::escape(&character.to_string())),
        }
    }
    regex + r"\z"
}

/// Where the bracket closes that was opened just before `start`: a `]` right at the beginning is a member.
fn class_end(pattern: &[char], start: usize) -> Option<usize> {
    let mut first = start;
    if pattern.get(first) == Some(&'!') {
        first += 1;
    }
    if pattern.get(first) == Some(&']') {
        first += 1;
    }
    pattern.iter().skip(first).position(|character| *character == ']').map(|offset| first + offset)
}

/// A class of the regex out of what stands between brackets; ranges that run backwards are dropped, as in Python.
fn class(inside: &[char]) -> String {
    let (negated, members) = match inside {
        ['!', rest @ ..] => (true, rest),
        _ => (false, inside),
    };
    let mut ranges = String::new();
    let mut position = 0;
    while position < members.len() {
        let low = members[position];
        let high = match members[position..] {
            [_, '-', high, ..] => {
                position += 3;
                high
            }
            _ => {
                position += 1;
                low
            }
        };
        if low <= high {
            ranges.push_str(&format!("\\x{{{:x}}}-\\x{{{:x}}}", u32::from(low), u32::from(high)));
        }
    }
    match (negated, ranges.is_empty()) {
        (false, true) => r"[^\s\S]".to_owned(),
        (true, true) => ".".to_owned(),
        (false, false) => format!("[{ranges}]"),
        (true, false) => format!("[^{ranges}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Ignore::new(&[pattern.to_owned()]).expect("a pattern").directory(text).is_some()
    }

    /// Pattern, text and what CPython 3.12's `fnmatchcase(text, normpath(pattern))` says, one a line.
    #[test]
    fn patterns_match_as_in_python() {
        let golden = include_str!("../../fixtures/ignore_patterns.tsv");
        let mut count = 0;
        for line in golden.lines().filter(|line| !line.starts_with("# ")) {
            let [pattern, text, expected] = line.split('\t').collect::<Vec<_>>()[..] else {
                panic!("three columns: {line}");
            };
            assert_eq!(matches(pattern, text), expected == "1", "{pattern} on {text}");
            count += 1;
        }
        assert!(count > 500, "{count}");
    }

    #[test]
    fn patterns_are_normalised_as_in_python() {
        for (pattern, normal) in [
            ("", "."),
            ("./a//b/", "a/b"),
            ("a/../b", "b"),
            ("../a", "../a"),
            ("a/../../b", "../b"),
            ("/../a", "/a"),
            ("//a", "//a"),
            ("///a", "/a"),
        ] {
            assert_eq!(normalise(pattern), normal, "{pattern}");
        }
    }
}
