//! The pages of the embedded endpoint, as a browser gets them.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use regex::Regex;

use crate::hostile::Endpoint;
use crate::support::Sandbox;

/// The answer, whose status has to be this; ids of releases and times taken out.
#[track_caller]
fn page(endpoint: &Endpoint, target: &str, status: u16) -> String {
    let answer = endpoint.get(target);
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{target}: {answer}");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    let odd = |character: char| {
        (character.is_control() && character != '\n') || matches!(character, '\u{202a}'..='\u{202e}')
    };
    assert!(!body.contains(odd) && !body.contains("<script") && !body.contains("<img"), "{body}");
    assert_eq!(body.matches("<h1>").count(), 1, "{body}");
    let id = Regex::new(r"\d{8}T\d{6}Z-[0-9a-f]{8}").expect("a pattern");
    let time =
        Regex::new(r#"<time datetime="[^"]*Z">\d{4}-\d\d-\d\d \d\d:\d\d:\d\d</time>"#).expect("a pattern");
    time.replace_all(&id.replace_all(body, "[ID]"), "[DATE]").into_owned()
}

#[track_caller]
fn holds(page: &str, piece: &str) {
    assert!(page.contains(piece), "no\n{piece}\nin\n{page}");
}

#[track_caller]
fn run(sandbox: &Sandbox, arguments: &str) {
    let run = sandbox.run(&arguments.split(' ').collect::<Vec<_>>());
    assert_eq!(run.status, 0, "{arguments}: {run:?}");
}

/// The ids of the releases of an app, the last first.
fn ids(sandbox: &Sandbox) -> Vec<String> {
    let listed = sandbox.run(&["releases", "--json", "--location", "static"]).json();
    let releases = listed["releases"].as_array().expect("releases");
    releases.iter().map(|release| release["id"].as_str().expect("an id").to_owned()).collect()
}

/// Two releases of an app, the second with another body, other headers, a new name and one that is gone.
fn two_releases(endpoint: &Endpoint) -> Sandbox {
    let sandbox = endpoint
        .sandbox()
        .file("static/css/a.css", "a { color: red }\n")
        .file("static/b.js", "1\n")
        .file("static/gone.txt", "gone")
        .file("static/same.txt", "same");
    run(&sandbox, "push static --location static");
    sandbox.write("static/css/a.css", "a { color: green }\n");
    sandbox.write("static/new.txt", "new");
    std::fs::remove_file(sandbox.path("static/gone.txt")).expect("a file");
    sandbox.write(
        "s3collect.toml",
        "[[rules]]\nmatch = \"*.js\"\nobject_parameters = { CacheControl = \"no-cache\", Metadata = { Team = \"web\" } }\n",
    );
    run(&sandbox, "push static --location static --release-order 7");
    sandbox
}

#[test]
fn a_folder_says_what_is_in_it_and_of_which_release() {
    let endpoint = Endpoint::start();
    let sandbox = two_releases(&endpoint);
    sandbox.write("foreign/x.bin", "foreign");
    run(&sandbox, "push foreign --location static/foreign --no-record");
    let buckets = page(&endpoint, "/_browse/", 200);
    holds(&buckets, "<th scope=\"row\"><a href=\"/_browse/acme\"><code>acme</code></a></th>");
    holds(&buckets, "<td data-label=\"Objects\" class=\"number\">9</td>");
    let bucket = page(&endpoint, "/_browse/acme", 200);
    holds(&bucket, "<a href=\"/_browse/acme?prefix=static/\"><code>static/</code></a>");
    holds(
        &bucket,
        "<a href=\"/_browse/acme?location=static/&amp;app=default\"><code>default</code></a></th><td data-label=\"Location\"><a href=\"/_browse/acme?prefix=static/\"><code>s3://acme/static/</code></a></td><td data-label=\"Live release\"><a class=\"id\" href=\"/_browse/acme?location=static/&amp;app=default&amp;release=[ID]\"><code>[ID]</code></a></td></tr>",
    );
    let folder = page(&endpoint, "/_browse/acme?prefix=static/", 200);
    holds(
        &folder,
        "<nav aria-label=\"Path\"><a href=\"/_browse/\">Buckets</a> / <a href=\"/_browse/acme\">acme</a> / <strong aria-current=\"page\"><code>static</code></strong></nav><h1><code>static/</code></h1><dl><div><dt>objects</dt><dd>9</dd></div>",
    );
    let live = "<a href=\"/_browse/acme?location=static/&amp;app=default&amp;release=[ID]\">live</a>";
    holds(
        &folder,
        &format!(
            "<th scope=\"row\"><a href=\"/_browse/acme?object=static/b.js\"><code>b.js</code></a></th><td data-label=\"Size\" class=\"number\">2 bytes</td><td data-label=\"Type\">text/javascript</td><td data-label=\"Encoding\"></td><td data-label=\"Cache-Control\">no-cache</td><td data-label=\"Modified (UTC)\">[DATE]</td><td data-label=\"Release\">{live}</td></tr>"
        ),
    );
    // What is live no more belongs to the release before.
    let gone = folder.split("gone.txt").last().expect("a row");
    assert!(gone.contains("<td data-label=\"Release\"><a class=\"id\" href=\"/_browse/acme?location=static/&amp;app=default&amp;release=[ID]\"><code>[ID]</code></a></td>"), "{gone}");
    let foreign = page(&endpoint, "/_browse/acme?prefix=static/foreign/", 200);
    holds(&foreign, "<td data-label=\"Modified (UTC)\">[DATE]</td><td data-label=\"Release\"></td></tr>");
    // Somebody replaces an object behind the release's back.
    sandbox.write("other/same.txt", "another");
    run(&sandbox, "push other --location static --no-record");
    let folder = page(&endpoint, "/_browse/acme?prefix=static/", 200);
    holds(&folder, &format!("{live} <span class=\"bad\">(changed since)</span></td></tr></tbody>"));
    holds(
        &page(&endpoint, "/_browse/acme?prefix=none/", 200),
        "<p class=\"soft\">There is nothing here.</p>",
    );
}

#[test]
fn an_object_says_where_it_is_and_how_it_is_served() {
    let endpoint = Endpoint::start();
    two_releases(&endpoint);
    let object = page(&endpoint, "/_browse/acme?object=static/b.js", 200);
    holds(
        &object,
        "<h1><code>b.js</code></h1><p><code>s3://acme/static/b.js</code></p><p><a href=\"/acme/static/b.js\"><code>http://localhost/acme/static/b.js</code></a></p>",
    );
    for (name, value) in [
        ("cache-control", "no-cache"),
        ("content-type", "text/javascript"),
        ("x-amz-meta-team", "web"),
        ("ETag", "b026324c6904b2a9cb4b88d6d61c81d1"),
        ("MD5 of the body", "b026324c6904b2a9cb4b88d6d61c81d1"),
        ("MD5 before compression", "b026324c6904b2a9cb4b88d6d61c81d1"),
    ] {
        holds(
            &object,
            &format!("<th scope=\"row\">{name}</th><td data-label=\"Value\"><code>{value}</code></td>"),
        );
    }
    let row = |state: &str, body: &str| {
        format!(
            "<code>[ID]</code></a></th><td data-label=\"App\">default</td><td data-label=\"State\">{state}</td><td data-label=\"Kind\">plain</td><td data-label=\"Body\">{body}</td><td data-label=\"Stored (UTC)\">[DATE]</td>"
        )
    };
    holds(&object, &row("<span class=\"good\">live</span>", "this one"));
    holds(&object, &row("superseded", "this one"));
    let changed = page(&endpoint, "/_browse/acme?object=static/css/a.css", 200);
    holds(&changed, &row("superseded", "another, of 17 bytes"));
    let pointer = page(&endpoint, "/_browse/acme?object=static/.s3collect/default/current", 200);
    holds(
        &pointer,
        "<p>This says which <a href=\"/_browse/acme?location=static/&amp;app=default\">release of <code>default</code></a> is live.</p>",
    );
    holds(&pointer, "None of the last 20 releases names it.");
    page(&endpoint, "/_browse/acme?object=static/none.js", 404);
    page(&endpoint, "/_browse/none?object=b.js", 404);
}

#[test]
fn a_release_says_what_it_changed() {
    let endpoint = Endpoint::start();
    let sandbox = two_releases(&endpoint);
    let [last, first] = ids(&sandbox).try_into().expect("two releases");
    let base = "/_browse/acme?location=static/&app=default";
    let list = page(&endpoint, base, 200);
    holds(
        &list,
        "<td data-label=\"State\"><span class=\"good\">live</span></td><td data-label=\"Recorded (UTC)\">[DATE]</td><td data-label=\"Order\" class=\"number\">7</td><td data-label=\"Objects\" class=\"number\">4</td><td data-label=\"Size\" class=\"number\">28 bytes</td><td data-label=\"Against the one before\">1 added, 1 changed body, 1 changed headers, 1 removed</td></tr>",
    );
    holds(
        &list,
        "<td data-label=\"Against the one before\"><span class=\"soft\">the first that is recorded</span></td></tr>",
    );
    let release = page(&endpoint, &format!("{base}&release={last}"), 200);
    holds(
        &release,
        "<p><span class=\"good\">live</span> release of <a href=\"/_browse/acme?location=static/&amp;app=default\"><code>default</code></a> at <a href=\"/_browse/acme?prefix=static/\"><code>s3://acme/static/</code></a>, recorded [DATE] UTC</p>",
    );
    holds(
        &release,
        "<p>Compared with the release before it, <a class=\"id\" href=\"/_browse/acme?location=static/&amp;app=default&amp;release=[ID]\"><code>[ID]</code></a>.</p>",
    );
    let row = |name: &str, what: &str, before: &str, after: &str, headers: &str| {
        format!(
            "<tr><th scope=\"row\"><a href=\"/_browse/acme?object=static/{name}\"><code>{name}</code></a></th><td data-label=\"What\">{what}</td><td data-label=\"Size before\" class=\"number\">{before}</td><td data-label=\"Size\" class=\"number\">{after}</td><td data-label=\"Headers\">{headers}</td></tr>"
        )
    };
    let rows = [
        row("b.js", "changed headers", "2 bytes", "2 bytes", "Cache-Control, Metadata"),
        row("css/a.css", "changed body", "17 bytes", "19 bytes", ""),
        row("gone.txt", "removed", "4 bytes", "", ""),
        row("new.txt", "added", "", "3 bytes", ""),
    ];
    holds(&release, &format!("<tbody>{}</tbody>", rows.concat()));
    let part = |kind: &str| page(&endpoint, &format!("{base}&release={last}&change={kind}"), 200);
    holds(&part("removed"), &format!("<tbody>{}</tbody>", rows[2]));
    holds(&part("same"), &row("same.txt", "unchanged", "4 bytes", "4 bytes", ""));
    let later = page(&endpoint, &format!("{base}&release={last}&after=gone.txt"), 200);
    holds(&later, &format!("<tbody>{}</tbody>", rows[3]));
    let first = page(&endpoint, &format!("{base}&release={first}"), 200);
    holds(&first, "<p>The first that is recorded, so that everything is new.</p>");
    holds(
        &first,
        "<dt>added</dt><dd><a href=\"/_browse/acme?location=static/&amp;app=default&amp;release=[ID]&amp;change=added\">4</a></dd></div><div><dt>changed body</dt><dd>0</dd></div>",
    );
    for target in [
        format!("{base}&release=20260101T000000Z-00000000"),
        format!("{base}&release={last}&change=all"),
        "/_browse/acme?app=..&location=static/".to_owned(),
        "/_browse/none?app=default".to_owned(),
    ] {
        page(&endpoint, &target, 404);
    }
}

/// Two apps at one place, and a location in another: each object belongs to all that name it.
#[test]
fn apps_and_locations_are_told_apart() {
    let endpoint = Endpoint::start();
    let sandbox = endpoint.sandbox().file("static/a.css", "a").file("root/static/a.css", "a");
    run(&sandbox, "push static --location static");
    run(&sandbox, "push static --location static --app shop");
    run(&sandbox, "push root --app whole");
    let object = page(&endpoint, "/_browse/acme?object=static/a.css", 200);
    for app in ["default", "shop", "whole"] {
        holds(&object, &format!("<td data-label=\"App\">{app}</td>"));
    }
    let folder = page(&endpoint, "/_browse/acme?prefix=static/", 200);
    holds(
        &folder,
        "whole: <a href=\"/_browse/acme?location=&amp;app=whole&amp;release=[ID]\">live</a><br><a href=\"/_browse/acme?location=static/&amp;app=default&amp;release=[ID]\">live</a><br>shop: <a href=\"/_browse/acme?location=static/&amp;app=shop&amp;release=[ID]\">live</a></td>",
    );
    let bucket = page(&endpoint, "/_browse/acme", 200);
    holds(&bucket, "<code>s3://acme/</code>");
    assert_eq!(bucket.matches("<code>s3://acme/static/</code>").count(), 2, "{bucket}");
}

/// Whatever stands where records and pointers do, every page is shown.
#[test]
fn what_somebody_else_wrote_breaks_no_page() {
    let endpoint = Endpoint::start();
    let sandbox = two_releases(&endpoint);
    let [last, first] = ids(&sandbox).try_into().expect("two releases");
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    (0..64).for_each(|_| bomb.write_all(&vec![b' '; 1 << 20]).expect("memory takes it"));
    let other = format!(
        "{{\"s3collect_record\":1,\"id\":\"{first}\",\"app\":\"<script>\\u202e\",\"settings\":\"\",\"headers\":[],\"objects\":[]}}"
    );
    let mut foreign = GzEncoder::new(Vec::new(), Compression::fast());
    foreign.write_all(other.as_bytes()).expect("memory takes it");
    sandbox.write("odd/shop/current", "<script>alert(1)</script>");
    sandbox.write("odd/shop/releases/9", "no record");
    sandbox.write("odd/shop/releases/\u{1b}[31m", "no id");
    sandbox.write("odd/not an app/current", "x");
    sandbox.write("odd/default/releases/90", bomb.finish().expect("memory takes it"));
    sandbox.write("odd/default/releases/91", vec![0; 33 << 20]);
    sandbox.write(&format!("odd/default/releases/{first}"), foreign.finish().expect("memory takes it"));
    run(&sandbox, "push odd --location static/.s3collect --no-record");
    let base = "/_browse/acme?location=static/&app=default";
    let targets = [
        "/_browse/acme".to_owned(),
        "/_browse/acme?prefix=static/".to_owned(),
        "/_browse/acme?object=static/gone.txt".to_owned(),
        base.to_owned(),
        format!("{base}&release=90"),
        format!("{base}&release=91"),
        format!("{base}&release={first}"),
        format!("{base}&release={last}"),
        "/_browse/acme?location=static/&app=shop".to_owned(),
        "/_browse/acme?location=static/&app=shop&release=9".to_owned(),
        "/_browse/acme?prefix=static/.s3collect/shop/releases/".to_owned(),
    ];
    let pages: Vec<String> = targets.iter().map(|target| page(&endpoint, target, 200)).collect();
    let warning = |text: &str| format!("<div class=\"told\"><strong>warning: </strong>{text}");
    holds(&pages[1], &warning("`static/.s3collect/shop/current` is no pointer to a release"));
    holds(&pages[2], &warning("`static/.s3collect/default/releases/90` is no record of a release"));
    holds(&pages[2], &warning("the record of release `91` was not read: it has 33.0 MiB"));
    holds(&pages[3], "<td data-label=\"Against the one before\"><span class=\"soft\">not known</span></td>");
    holds(&pages[6], "is the record of release `[ID]` of `&lt;script&gt;\\u{202e}`");
    // What the release before had is not known, so nothing is said to have changed.
    assert!(!pages[7].contains("changed body"), "{}", pages[7]);
    holds(&pages[7], "<h2>Unchanged</h2>");
    holds(&pages[10], "<code>\\u{1b}[31m</code>");
}

#[test]
fn names_are_only_names() {
    let endpoint = Endpoint::start();
    let sandbox = endpoint
        .sandbox()
        .file("static/<script>x<b>&\".txt", "x")
        .file("static/a\u{202e}\u{1b}[31m\n.txt", "x")
        .file("static/größe/שלום.txt", "x");
    run(&sandbox, "push static");
    let bucket = page(&endpoint, "/_browse/acme", 200);
    holds(
        &bucket,
        "<a href=\"/_browse/acme?object=%3Cscript%3Ex%3Cb%3E%26%22.txt\"><code>&lt;script&gt;x&lt;b&gt;&amp;&quot;.txt</code></a>",
    );
    holds(&bucket, "<code>a\\u{202e}\\u{1b}[31m\\u{a}.txt</code>");
    let object = page(&endpoint, "/_browse/acme?object=a%E2%80%AE%1B%5B31m%0A.txt", 200);
    holds(&object, "<title>acme/a\\u{202e}\\u{1b}[31m\\u{a}.txt</title>");
    holds(&object, "<a href=\"/acme/a%E2%80%AE%1B%5B31m%0A.txt\">");
    holds(&page(&endpoint, "/_browse/acme?prefix=gr%C3%B6%C3%9Fe/", 200), "<code>שלום.txt</code>");
    holds(
        &page(&endpoint, "/_browse/%3Cscript%3E%E2%80%AE", 404),
        "<h1>The specified bucket does not exist</h1>",
    );
}

#[test]
fn a_large_folder_comes_in_pages() {
    let endpoint = Endpoint::start();
    let sandbox = endpoint.sandbox();
    (0..1003).for_each(|number| sandbox.write(&format!("static/{number:04}.txt"), "x"));
    run(&sandbox, "push static");
    let first = page(&endpoint, "/_browse/acme", 200);
    // And the folder of the records.
    assert_eq!(first.matches(">live</a>").count(), 999);
    holds(
        &first,
        "<nav aria-label=\"Pages\"><a href=\"/_browse/acme?after=0998.txt\">More names</a></nav></main>",
    );
    let second = page(&endpoint, "/_browse/acme?after=0998.txt", 200);
    assert_eq!(second.matches(">live</a>").count(), 4);
    holds(&second, "<nav aria-label=\"Pages\"><a href=\"/_browse/acme\">First names</a> </nav></main>");
    let id = sandbox.run(&["releases", "--json"]).json()["releases"][0]["id"].to_string().replace('"', "");
    let release = page(&endpoint, &format!("/_browse/acme?location=&app=default&release={id}"), 200);
    assert_eq!(release.matches(">added</td>").count(), 1000);
    holds(&release, "&amp;after=0999.txt\">More names</a>");
}

#[test]
fn pages_run_nothing_and_are_kept_nowhere() {
    let endpoint = Endpoint::start();
    for method in ["GET", "HEAD"] {
        let request =
            format!("{method} /_browse/ HTTP/1.1\r\nHost: 127.0.0.1:1\r\nConnection: close\r\n\r\n");
        let answer = endpoint.answer(request.as_bytes());
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let policy = "content-security-policy: default-src 'none'; style-src 'sha256-";
        let rest = "'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n";
        assert!(head.starts_with("HTTP/1.1 200 ") && head.contains(policy) && head.contains(rest), "{head}");
        for header in
            ["cache-control: no-store", "x-content-type-options: nosniff", "referrer-policy: no-referrer"]
        {
            assert!(head.contains(&format!("{header}\r\n")), "{head}");
        }
        assert_eq!(body.is_empty(), method == "HEAD");
        for secret in ["s3collect-local-secret-key", "S3COLLECT"] {
            assert!(!body.contains(secret), "{body}");
        }
    }
}
