//! Files that refer to each other, named by one common hash.

use super::*;
use crate::settings::CircularReferences;

fn hashed() -> ManifestSettings {
    ManifestSettings { circular_references: CircularReferences::Hash, ..settings() }
}

fn run_hashed(files: &[(&str, &str)]) -> Processed {
    run_with(files, &hashed(), Severity::Warn).expect("nothing is wrong")
}

/// Names and texts, each with its length before it.
fn framed(parts: &[&str]) -> ContentHash {
    let framed = parts.iter().flat_map(|part| {
        let length = (part.len() as u64).to_be_bytes();
        length.into_iter().chain(part.bytes())
    });
    ContentHash::of(&framed.collect::<Vec<u8>>())
}

#[test]
fn a_circle_is_named_by_one_hash_of_all_its_files() {
    let files = [
        ("a.css", "@import 'b.css';"),
        ("b.css", "@import 'a.css'; x{y:url(c.png)}"),
        ("c.png", "c"),
        ("d.css", "@import 'a.css';"),
        ("self.css", "@import 'self.css';"),
    ];
    let processed = run_hashed(&files);
    let circle = framed(&[
        "a.css",
        files[0].1,
        "@import url(\"b.000000000000.css\");",
        "b.css",
        files[1].1,
        "@import url(\"a.000000000000.css\"); x{y:url(\"c.4a8a08f09d37.png\")}",
    ]);
    let alone = framed(&["self.css", files[4].1, "@import url(\"self.000000000000.css\");"]);
    let d = format!("@import url(\"a.{circle}.css\");");
    let d_hash = ContentHash::of(d.as_bytes());
    let names: Vec<String> = processed.assets.iter().map(|asset| asset.stored_name.to_string()).collect();
    assert_eq!(
        names,
        [
            format!("a.{circle}.css"),
            format!("b.{circle}.css"),
            "c.4a8a08f09d37.png".to_owned(),
            format!("d.{d_hash}.css"),
            format!("self.{alone}.css"),
        ]
    );
    let hashes: Vec<ContentHash> = processed.assets.iter().map(|asset| asset.hash).collect();
    assert_eq!(hashes, [circle, circle, ContentHash::of(b"c"), d_hash, alone]);
    assert_eq!(stored(&processed, "a.css", &files), format!("@import url(\"b.{circle}.css\");"));
    assert_eq!(
        stored(&processed, "b.css", &files),
        format!("@import url(\"a.{circle}.css\"); x{{y:url(\"c.4a8a08f09d37.png\")}}")
    );
    assert_eq!(stored(&processed, "d.css", &files), d);
    assert_eq!(stored(&processed, "self.css", &files), format!("@import url(\"self.{alone}.css\");"));
    assert_eq!(told(Ok(processed)), [""; 0]);
}

#[test]
fn modules_go_round_in_circles() {
    let files = [
        ("js/a.js", "import { b } from './lib/b.js';\nexport const a = () => import('./lib/c.js');"),
        ("js/lib/b.js", "export * from '/static/js/lib/b.js';\nimport '../a.js';"),
        ("js/lib/c.js", "export * from '../a.js';\n//# sourceMappingURL=c.js.map"),
        ("js/lib/c.js.map", "{\"file\": \"c.js\"}"),
    ];
    let processed = run_hashed(&files);
    assert_eq!(processed.assets[0].hash, processed.assets[1].hash);
    assert_eq!(processed.assets[0].hash, processed.assets[2].hash);
    assert_eq!(followed(&processed, &files, &hashed()), 6);
}

#[test]
fn trouble_in_a_circle_is_told_once() {
    let files = [
        ("a.css", "@import 'b.css'; x{y:url(no.png)}"),
        ("b.css", "@import 'a.css'; @import 'a.css?v=1'; x{y:url(../up.png)}"),
    ];
    let missing = "`a.css` line 1 refers to `no.png`, which was not collected / it resolves to `no.png`; looked in `./static` / add the file, or set `missing_reference = \"warn\"` to leave such references as they are";
    let outside = "`b.css` line 1 refers to `../up.png`, which leads out of the static dirs / it resolves to `../up.png` / correct the reference";
    assert_eq!(told(run_with(&files, &hashed(), Severity::Warn)), [missing, outside]);
    let lenient = ManifestSettings { missing_reference: Severity::Warn, ..hashed() };
    let processed = run_with(&files, &lenient, Severity::Warn).expect("nothing is minded");
    let (hash, source) = (processed.assets[0].hash, ContentHash::of(files[0].1.as_bytes()));
    let stale = format!(
        "`b.css` line 1 refers to `a.css?v=1` and becomes `a.{source}.css?v=1`, which does not exist: that file is stored as `a.{hash}.css` / as in Django, a reference with a query, or not spelled as the name, gets the hash of the file before its own references were replaced / leave the query out; a hashed name needs none"
    );
    assert_eq!(told(Ok(processed)), [missing, outside, stale.as_str()]);
}

/// Their common hash does not tell them apart.
#[test]
fn two_bodies_of_a_circle_do_not_share_a_name() {
    let first = ("a b.css", "@import 'a%2520b.css';");
    for (second, same) in [("@import 'a b.css';", true), ("@import 'a b.css';/**/", false)] {
        let rewritten = second.replace("'a b.css'", "url(\"a b.000000000000.css\")");
        let hash = framed(&[
            first.0,
            first.1,
            "@import url(\"a b.000000000000.css\");",
            "a%20b.css",
            second,
            &rewritten,
        ]);
        let expected = PostProcessError::Clash {
            stored_name: StoredName::normal(&format!("a b.{hash}.css")).expect("a name"),
            names: (AssetName::new("a b.css").expect("a name"), AssetName::new("a%20b.css").expect("a name")),
            same,
        };
        match run_with(&[first, ("a%20b.css", second)], &hashed(), Severity::Warn) {
            Ok(processed) => assert_eq!((processed.warnings, same), (vec![Problem::of(&expected)], true)),
            Err(errors) => assert_eq!((errors, same), (vec![expected], false)),
        }
    }
}

/// A circle of ten thousand files, and a chain of as many that leads to it.
#[test]
fn the_widest_circle_succeeds() {
    let files: Vec<(String, String)> = (0..20_000_usize)
        .map(|index| {
            let target = if index == 0 { 9_999 } else { index - 1 };
            (format!("{index:05}.css"), format!("@import '{target:05}.css';"))
        })
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let processed = run_hashed(&files);
    let hashes: BTreeSet<ContentHash> = processed.assets.iter().map(|asset| asset.hash).collect();
    assert_eq!(hashes.len(), 10_001);
}

const NAMES: [&str; 6] = ["a.css", "b.css", "d/a.css", "d/e/c.css", "f g.css", "h.png"];

/// From each file to some others, as a browser would have it.
fn site(edges: &[(usize, usize)], bodies: &[String]) -> Vec<(String, String)> {
    let mut texts: Vec<String> = bodies.to_vec();
    for (file, target) in edges {
        let up = "../".repeat(NAMES[*file].matches('/').count());
        texts[*file].push_str(&format!("@import '{up}{}';", NAMES[*target]));
    }
    texts[5] = bodies[5].clone();
    NAMES.iter().map(|name| (*name).to_owned()).zip(texts).collect()
}

fn borrowed(files: &[(String, String)]) -> Vec<(&str, &str)> {
    files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect()
}

/// A file and all that it leads to.
fn reached(edges: &[(usize, usize)], from: usize) -> BTreeSet<usize> {
    let mut reached = BTreeSet::from([from]);
    for _ in NAMES {
        let more = edges.iter().filter(|edge| edge.0 != 5 && reached.contains(&edge.0)).map(|edge| edge.1);
        reached.extend(more.collect::<Vec<usize>>());
    }
    reached
}

prop_compose! {
    fn sites()(
        edges in proptest::collection::vec((0_usize..6, 0_usize..6), 0..12),
        bodies in proptest::collection::vec("[a-z {}é\n]{0,8}", 6),
    ) -> (Vec<(usize, usize)>, Vec<String>) {
        (edges, bodies)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn whatever_is_stored_resolves((edges, bodies) in sites()) {
        let site = site(&edges, &bodies);
        let files = borrowed(&site);
        let processed = run_hashed(&files);
        prop_assert_eq!(processed.warnings.len(), 0);
        let hashed_only = ManifestSettings { keep_original_files: false, ..hashed() };
        prop_assert_eq!(followed(&processed, &files, &hashed_only), edges.iter().filter(|edge| edge.0 != 5).count());
    }

    /// Where there is no circle the setting changes nothing, and where there is one the files outside are as ever.
    #[test]
    fn what_is_in_no_circle_is_named_by_its_own_bytes((edges, bodies) in sites()) {
        let site = site(&edges, &bodies);
        let files = borrowed(&site);
        let processed = run_hashed(&files);
        if let Ok(refused) = run(&files) {
            prop_assert_eq!(&refused.manifest, &processed.manifest);
        }
        for (index, asset) in processed.assets.iter().enumerate() {
            let in_circle =
                edges.iter().any(|edge| index != 5 && edge.0 == index && reached(&edges, edge.1).contains(&index));
            let own = ContentHash::of(stored(&processed, NAMES[index], &files).as_bytes());
            prop_assert_eq!(asset.hash == own, !in_circle, "{}", NAMES[index]);
        }
    }

    #[test]
    fn a_byte_anywhere_below_renames_and_one_elsewhere_does_not(
        (edges, bodies) in sites(),
        changed in 0_usize..6,
    ) {
        let before = run_hashed(&borrowed(&site(&edges, &bodies)));
        let mut bodies = bodies;
        bodies[changed].push('!');
        let after = run_hashed(&borrowed(&site(&edges, &bodies)));
        for (index, name) in NAMES.iter().enumerate() {
            prop_assert_eq!(
                before.assets[index].stored_name != after.assets[index].stored_name,
                reached(&edges, index).contains(&changed),
                "{}", name
            );
        }
    }

    #[test]
    fn other_files_and_their_order_do_not_matter(
        (edges, bodies) in sites(),
        others in proptest::collection::btree_map("[0-9z]{1,3}\\.(css|txt)", "[a-z]{0,4}|x\\{y:url\\(/static/h\\.png\\)\\}", 0..4),
        order in Just((0..NAMES.len()).collect::<Vec<usize>>()).prop_shuffle(),
    ) {
        let site = site(&edges, &bodies);
        let files = borrowed(&site);
        let alone = run_hashed(&files);
        let mut all = files;
        all.extend(others.iter().map(|(name, text)| (name.as_str(), text.as_str())));
        let together = run_hashed(&all);
        for asset in &alone.assets {
            let name = asset.file.name.as_str();
            prop_assert_eq!(Some(asset.stored_name.as_str()), together.manifest.stored_name(name));
        }
        let sorted = sources(&borrowed(&site));
        let shuffled: Vec<Source> = order.iter().map(|index| sorted[*index].clone()).collect();
        let shuffled = process(shuffled, &hashed(), Severity::Warn).expect("nothing is wrong");
        prop_assert_eq!(shuffled.manifest, alone.manifest);
    }
}
