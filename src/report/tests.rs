use super::*;
use crate::error::Problem;
use crate::object::Role;
use crate::stale::Change;

const GOLDENS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/report");

fn step(key: &str, action: &'static str, reason: &str, size: u64, stored_size: Option<u64>) -> StepSummary {
    StepSummary {
        name: key.trim_start_matches("static/").to_owned(),
        key: key.to_owned(),
        action,
        reason: reason.to_owned(),
        size,
        stored_size,
        content_type: Some("text/css".to_owned()),
        content_encoding: stored_size.filter(|stored| *stored < size).map(|_| "gzip".to_owned()),
        cache_control: (action == "put").then(|| "no-cache".to_owned()),
        etag: None,
        role: Role::Plain,
        change: Change::None,
    }
}

/// With names that somebody else chose.
fn summary() -> Summary {
    Summary {
        verb: "push",
        bucket: Some("acme".to_owned()),
        location: Some("static".to_owned()),
        release: Some("20261122T221530Z-3f2a9c41".to_owned()),
        assets: 3,
        put: 2,
        skipped: 1,
        failed: 1,
        bytes_source: 3_000,
        bytes_put: 1_250,
        elapsed_seconds: 2.14,
        requests: [("GetObject", 2), ("ListObjectsV2", 1), ("PutObject", 5), ("DeleteObject", 9)].into(),
        steps: vec![
            step("static/a.css", "put", "headers changed: Cache-Control", 2_000, Some(250)),
            step(
                "static/<script>alert(1)</script>|`*\u{202e}\u{1b}[31m\n.css",
                "put",
                "new",
                1_000,
                Some(1_000),
            ),
            step("static/c.css", "skip", "as the last release", 0, None),
        ],
        warnings: vec![Problem::new("`x` & <y>").with_hint("a _hint_")],
        errors: vec![Problem {
            causes: vec!["Access Denied".to_owned()],
            ..Problem::new("S3 refused PutObject `s3://acme/static/d.css`: AccessDenied")
        }],
        invalidation: Some(InvalidationSummary {
            distribution: "E1ABC".to_owned(),
            id: Some("I2J0".to_owned()),
            state: InvalidationState::InProgress,
            paths: vec!["/static/a.css".to_owned(), "/static/<b>*".to_owned()],
        }),
        note: Some("2 of 3 objects were stored".to_owned()),
        ..Summary::default()
    }
}

/// Looks the same as what stands in `fixtures/report`, which was looked at in a browser; `UPDATE_GOLDENS` writes it anew.
#[expect(clippy::disallowed_methods, reason = "the test's own files")]
fn same_as_golden(name: &str, found: &str) {
    let path = format!("{GOLDENS}/{name}");
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        std::fs::write(&path, found).expect("a golden");
    }
    let expected = std::fs::read_to_string(&path).expect("a golden");
    assert_eq!(found, expected, "{name}");
}

#[test]
fn the_page_says_what_happened() {
    same_as_golden("push.html", &page(&summary()));
}

#[test]
fn the_markdown_says_what_happened() {
    same_as_golden("push.md", &markdown(&summary()));
    let quiet = Summary { ok: true, skipped: 3, assets: 3, verb: "push", ..Summary::default() };
    assert_eq!(
        markdown(&quiet),
        "### <code>s3collect push → s3:///</code>\n\n3 assets: 0 put, 3 unchanged  s3:///  0.0 s\n\n"
    );
}

/// Nothing that somebody called a file becomes markup, or turns a page round.
#[test]
fn names_are_only_names() {
    for text in [page(&summary()), markdown(&summary())] {
        assert!(!text.contains("<script"), "{text}");
        assert!(!text.contains('\u{202e}') && !text.contains('\u{1b}'), "{text}");
    }
    let table = markdown(&summary());
    let row = table.lines().find(|line| line.contains("alert")).expect("a row");
    assert_eq!(row.matches('|').count(), 5, "{row}");
    assert!(!page(&summary()).contains("http"), "nothing is fetched");
}

#[test]
fn many_rows_are_cut() {
    let steps =
        (0..1_234).map(|number| step(&format!("static/{number}.css"), "put", "new", 1, None)).collect();
    let summary = Summary { steps, put: 1_234, verb: "push", ..Summary::default() };
    assert!(page(&summary).contains("and 234 more"));
    assert!(markdown(&summary).contains("| and 1134 more | | | |\n"));
}

#[test]
fn requests_cost_what_s3_lists() {
    assert!((cost(&[("PutObject", 1_000), ("ListObjectsV2", 1_000)].into()) - 0.01).abs() < 1e-12);
    assert!((cost(&[("GetObject", 500), ("HeadObject", 500)].into()) - 0.0004).abs() < 1e-12);
    assert!(cost(&[("CreateInvalidation", 1_000), ("GetInvalidation", 1_000)].into()).abs() < 1e-12);
    assert!(cost(&[("DeleteObjects", 1_000), ("AbortMultipartUpload", 1)].into()).abs() < 1e-12);
}
