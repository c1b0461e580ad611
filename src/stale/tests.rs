use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;
use proptest::prelude::*;

use super::*;

const STATIC: Scope<'static> = Scope { base: "", prefix: "static/", budget: 3 };

#[test]
fn caches_hold_what_changed_under_its_name() {
    for (change, plain, hashed) in [
        (Change::None, false, false),
        (Change::Created, false, false),
        (Change::Body, true, false),
        (Change::Headers, true, true),
        (Change::Deleted, true, false),
    ] {
        let of = |role| change.is_stale_in_caches(role);
        assert_eq!(
            (of(Role::Plain), of(Role::Manifest), of(Role::Hashed)),
            (plain, plain, hashed),
            "{change:?}"
        );
    }
}

#[test]
fn within_the_budget_each_key_has_its_path() {
    let stale = ["static/css/a.css", "static/css/b.css", "static/index.html"];
    assert_eq!(paths(&STATIC, &stale, &[]), ["/static/css/a.css", "/static/css/b.css", "/static/index.html"]);
    assert_eq!(paths(&STATIC, &[], &["static/a"]), [""; 0]);
}

#[test]
fn above_the_budget_directories_stand_for_what_is_below_them() {
    let stale =
        ["static/css/a.css", "static/css/b.css", "static/css/x/c.css", "static/index.html", "static/js/a.js"];
    let fresh = ["static/js/b.js", "static/img/a.png"];
    assert_eq!(paths(&STATIC, &stale, &fresh), ["/static/css/*", "/static/index.html", "/static/js/a.js"]);
    let two = Scope { budget: 2, ..STATIC };
    assert_eq!(paths(&two, &stale, &fresh), ["/static/*"], "the page has no directory of its own");
    assert_eq!(paths(&two, &stale[..3], &fresh), ["/static/css/*"]);
    let cheap = ["static/js/d/e.js", "static/js/d/f.js", "static/js/g.js"];
    assert_eq!(paths(&two, &cheap, &["static/js/h.js"]), ["/static/js/d/*", "/static/js/g.js"]);
    let root = Scope { base: "", prefix: "", budget: 1 };
    assert_eq!(paths(&root, &["a.css", "b/c.css"], &[]), ["/*"]);
}

#[test]
fn more_wildcards_than_a_distribution_takes_become_larger_ones() {
    let stale: Vec<String> =
        (0..16).flat_map(|n| ["a~", "b~"].map(|name| format!("static/{n}/{name}"))).collect();
    let stale: Vec<&str> = stale.iter().map(String::as_str).collect();
    let wide = Scope { budget: 1000, ..STATIC };
    assert_eq!(paths(&wide, &stale, &[]), ["/static/*"]);
    assert_eq!(
        paths(&wide, &stale[..4], &[]),
        ["/static/0/a*", "/static/0/b*", "/static/1/a*", "/static/1/b*"]
    );
}

#[test]
fn names_are_spelled_as_viewers_ask_for_them() {
    let one = |key: &str| paths(&Scope { budget: 9, ..STATIC }, &[key], &[]);
    for (key, expected) in [
        ("static/a b.css", &["/static/a%20b.css"][..]),
        ("static/é[1].css", &["/static/%C3%A9%5B1%5D.css"]),
        ("static/a?b#c%20.css", &["/static/a%3Fb%23c%2520.css"]),
        ("static/it's(1)!.css", &["/static/it's(1)!.css"]),
        ("static/@scope/c++.js", &["/static/%40scope/c%2B%2B.js", "/static/@scope/c++.js"]),
        ("static/a&b=c,d;e:f$.js", &["/static/a%26b%3Dc%2Cd%3Be%3Af%24.js", "/static/a&b=c,d;e:f$.js"]),
        ("static/vendors~main.js", &["/static/vendors*"]),
        ("static/a*b.js", &["/static/a*"]),
        ("static/a.js*", &["/static/a.js*"]),
        ("static/@a*", &["/static/%40a*", "/static/@a*"]),
        ("static/\u{1}\u{7f}", &["/static/%01%7F"]),
    ] {
        assert_eq!(one(key), expected, "{key}");
    }
    let domain = Scope { base: "/assets", prefix: "", budget: 1 };
    assert_eq!(paths(&domain, &["a.css"], &[]), ["/assets/a.css"]);
    let odd = Scope { base: "", prefix: "team@home/", budget: 1 };
    assert_eq!(paths(&odd, &["team@home/a", "team@home/b"], &[]), ["/team*"]);
    assert_eq!(paths(&odd, &["team@home/a"], &[]), ["/team*"], "two spellings are two paths");
}

/// What a wildcard of a key with odd characters covers besides is counted.
#[test]
fn a_wildcard_for_an_odd_name_is_no_better_than_another() {
    let stale = ["static/a/b~c", "static/d/e", "static/d/f"];
    let scope = Scope { budget: 2, ..STATIC };
    assert_eq!(paths(&scope, &stale, &["static/a/b1", "static/z"]), ["/static/a/b*", "/static/d/*"]);
}

fn key() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!["a", "b", "cc"]), 1..4)
        .prop_map(|parts| format!("static/{}", parts.join("/")))
}

fn odd_key() -> impl Strategy<Value = String> {
    "[ab~*@é/]{1,6}".prop_map(|name| format!("static/{name}"))
}

/// Whether CloudFront would take this path to be about this key in one of its spellings.
fn covers(path: &str, key: &str) -> bool {
    let decoded = |path: &str| percent_decode_str(path).decode_utf8().expect("UTF-8").into_owned();
    match path.strip_suffix('*') {
        Some(start) => format!("/{key}").starts_with(&decoded(start)),
        None => decoded(path) == format!("/{key}"),
    }
}

fn split(keys: &BTreeSet<(String, bool)>) -> (Vec<&str>, Vec<&str>) {
    let stale: BTreeSet<&str> =
        keys.iter().filter(|(_, stale)| *stale).map(|(key, _)| key.as_str()).collect();
    let fresh = keys.iter().map(|(key, _)| key.as_str()).filter(|key| !stale.contains(key));
    let fresh: BTreeSet<&str> = fresh.collect();
    (stale.into_iter().collect(), fresh.into_iter().collect())
}

/// Surplus and number of paths of the best set of directories, by trying all.
fn best(stale: &[&str], fresh: &[&str], budget: usize) -> (usize, usize) {
    let directories: BTreeSet<&str> =
        stale.iter().flat_map(|key| key.match_indices('/').map(move |(end, _)| &key[..=end])).collect();
    let directories: Vec<&str> = directories.into_iter().collect();
    let sets = (0_u32..1 << directories.len()).map(|set| {
        let chosen: Vec<&str> =
            directories.iter().enumerate().filter(|(n, _)| set >> n & 1 == 1).map(|(_, d)| *d).collect();
        let covered = |key: &&&str| chosen.iter().any(|directory| key.starts_with(directory));
        let single = stale.iter().filter(|key| !covered(key)).count();
        (fresh.iter().filter(covered).count(), single + chosen.len())
    });
    sets.filter(|(_, paths)| *paths <= budget).min().expect("the location is one path")
}

proptest! {
    /// All that changed is covered, within the budget, for odd names too.
    #[test]
    fn what_changed_is_covered_within_the_budget(
        keys in prop::collection::btree_set((odd_key(), any::<bool>()), 0..30),
        budget in 1_usize..20,
    ) {
        let (stale, fresh) = split(&keys);
        let found = paths(&Scope { budget, ..STATIC }, &stale, &fresh);
        prop_assert!(found.len() <= budget, "{found:?}");
        prop_assert!(found.iter().filter(|path| path.ends_with('*')).count() <= MOST_WILDCARDS);
        for key in stale {
            prop_assert!(found.iter().any(|path| covers(path, key)), "{key} in {found:?}");
        }
        for path in found {
            prop_assert!(path.is_ascii() && !path[..path.len() - 1].contains(['*', '~', ' ']), "{path}");
        }
    }

    /// No other set of directories within the budget covers fewer keys that did not change.
    #[test]
    fn the_fewest_others_are_covered(
        keys in prop::collection::btree_set((key(), any::<bool>()), 1..14),
        budget in 1_usize..6,
    ) {
        let (stale, fresh) = split(&keys);
        let found = paths(&Scope { budget, ..STATIC }, &stale, &fresh);
        if stale.len() <= budget {
            prop_assert_eq!(found.len(), stale.len());
            prop_assert!(found.iter().all(|path| !path.ends_with('*')));
        } else {
            let surplus = fresh.iter().filter(|key| found.iter().any(|path| covers(path, key))).count();
            prop_assert_eq!((surplus, found.len()), best(&stale, &fresh, budget), "{:?}", found);
        }
    }
}

/// The work stays small where a whole site changed.
#[test]
fn a_large_site_is_covered_in_a_moment() {
    let key = |n: usize| format!("static/{}/{}/{}/{n}.css", n % 7, n % 61, n % 3);
    let keys: Vec<String> = (0..50_000).map(key).collect();
    let (stale, fresh): (Vec<(usize, &str)>, Vec<_>) =
        keys.iter().map(String::as_str).enumerate().partition(|(n, _)| n % 5 > 0);
    let stale: Vec<&str> = stale.into_iter().map(|(_, key)| key).collect();
    let fresh: Vec<&str> = fresh.into_iter().map(|(_, key)| key).collect();
    let found = paths(&Scope { budget: 3000, ..STATIC }, &stale, &fresh);
    assert_eq!(found, ["/static/*"]);
}
