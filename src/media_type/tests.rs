use super::*;

fn plain(key: &str) -> MediaType {
    guess(key, &BTreeMap::new())
}

/// CPython takes an encoding off and lower-cases the last suffix before it looks, so a few rows are never met.
#[test]
fn every_row_of_the_table_is_met_but_those_that_cpython_never_meets() {
    let mut unmet = Vec::new();
    for (extension, content_type) in rows() {
        let found = plain(&format!("css/x{extension}"));
        if (&*found.content_type, found.source) != (content_type, TypeSource::Table) {
            unmet.push(extension);
            continue;
        }
        if extension == found.extension {
            let upper = plain(&format!("X{}", extension.to_uppercase()));
            assert_eq!((&*upper.content_type, upper.encoding), (content_type, None), "{extension}");
            let compressed = plain(&format!("x{extension}.gz"));
            assert_eq!((&*compressed.content_type, compressed.encoding), (content_type, Some("gzip")));
        }
    }
    assert_eq!(rows().count(), 1551);
    assert_eq!(
        unmet,
        [
            ".1905.1",
            ".CQL",
            ".ELN",
            ".SAR",
            ".VES",
            ".VFK",
            ".cwl.json",
            ".gpkg.tar",
            ".gz",
            ".sarif-external-properties.json",
            ".sarif.json",
            ".spdx.json",
            ".syft.json",
            ".taz",
            ".teiCorpus",
            ".tgz",
            ".tm.json",
            ".tm.jsonld",
            ".xz"
        ]
    );
}

/// Name, type and encoding by CPython over the same table, `-` for none.
#[test]
fn names_get_what_python_gives_them() {
    let mut count = 0;
    for line in include_str!("../../fixtures/media_types.tsv").lines().filter(|line| !line.starts_with("# "))
    {
        let [name, content_type, encoding] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("three columns: {line}");
        };
        let found = plain(name);
        let by_python = match found.source {
            TypeSource::Table | TypeSource::DataUrl => &*found.content_type,
            _ => "-",
        };
        assert_eq!((by_python, found.encoding.unwrap_or("-")), (content_type, encoding), "{name}");
        count += 1;
    }
    assert!(count > 500, "{count}");
}

#[test]
fn the_source_of_a_type_is_told() {
    let told = |key| {
        let found = plain(key);
        (found.content_type.into_owned(), found.source, found.extension)
    };
    let row =
        |content_type: &str, source, extension: &str| (content_type.to_owned(), source, extension.to_owned());
    assert_eq!(told("a/site.CSS"), row("text/css", TypeSource::Table, ".css"));
    assert_eq!(told("a/app.js.map"), row("application/json", TypeSource::Table, ".map"));
    assert_eq!(told("a/x.midi"), row("audio/mid", TypeSource::MimeGuess, ".midi"));
    assert_eq!(told("a/x.unheard-of"), row(DEFAULT, TypeSource::Default, ".unheard-of"));
    assert_eq!(told("a.b/.css"), row(DEFAULT, TypeSource::Default, ""));
}

#[test]
fn settings_add_and_replace() {
    let added = BTreeMap::from([
        (".css".to_owned(), "text/x-mine".to_owned()),
        (".unheard-of".to_owned(), "text/plain".to_owned()),
    ]);
    for (key, content_type) in [("a.CSS", "text/x-mine"), ("a.unheard-of.gz", "text/plain")] {
        let found = guess(key, &added);
        assert_eq!((&*found.content_type, found.source), (content_type, TypeSource::Settings), "{key}");
    }
    assert_eq!(guess("a.js", &added).source, TypeSource::Table);
}

#[test]
fn a_name_cannot_break_out_of_a_header() {
    let found = plain("data:text/x\r\nX-Evil: 1,.css");
    assert_eq!((&*found.content_type, found.source), (DEFAULT, TypeSource::Default));
}
