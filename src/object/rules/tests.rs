use serde_json::json;

use super::*;
use crate::name::StoredName;
use crate::settings::{GzipEngine, NamePattern};

fn parameters(value: serde_json::Value) -> ObjectParameters {
    ObjectParameters::parse(value.as_object().expect("a dictionary")).expect("parameters")
}

fn rule(pattern: &str, value: serde_json::Value) -> RuleSettings {
    RuleSettings {
        pattern: NamePattern::new(pattern).expect("a glob"),
        parameters: parameters(value),
        gzip: None,
        entry: None,
        origin: format!("the rule for {pattern}"),
    }
}

fn settings() -> ObjectSettings {
    ObjectSettings {
        parameters: ObjectParameters::default(),
        default_acl: None,
        rules: Vec::new(),
        media_types: BTreeMap::new(),
        immutable: true,
        gzip: GzipSettings {
            enabled: true,
            content_types: vec![
                "text/css".to_owned(),
                "audio/mid".to_owned(),
                "application/octet-stream".to_owned(),
            ],
            level: 9,
            engine: GzipEngine::Zlib,
            if_smaller: false,
        },
    }
}

fn describe(settings: &ObjectSettings, name: &str) -> Description {
    describe_as(settings, name, name, Role::Plain)
}

fn describe_as(settings: &ObjectSettings, name: &str, stored_name: &str, role: Role) -> Description {
    let key = ObjectKey::new(format!("static/{stored_name}")).expect("a key");
    let name = AssetName::new(name).expect("a name");
    let stored_name = StoredName::normal(stored_name).expect("a name");
    super::describe(
        settings,
        Described { name: &name, stored_name: &stored_name, key: &key, role, content_type: None },
    )
}

fn headers(description: &Description) -> Vec<(&'static str, &str)> {
    description.parameters.iter().map(|(parameter, value)| (parameter.name(), value)).collect()
}

fn origins(description: &Description) -> Vec<(&'static str, &str)> {
    description.origins.iter().map(|origin| (origin.subject.name(), origin.by.as_str())).collect()
}

const GZIP: Compression = Compression::Gzip { level: 9, engine: GzipEngine::Zlib, if_smaller: false };

fn encoded(encoding: &str) -> Compression {
    Compression::None(NoCompression::Encoded(encoding.to_owned()))
}

#[test]
fn rules_lay_over_the_parameters_field_by_field() {
    let mut settings = settings();
    settings.parameters = parameters(
        json!({"CacheControl": "max-age=60", "StorageClass": "STANDARD_IA", "Metadata": {"a": "1"}}),
    );
    settings.rules = vec![
        rule("*.css", json!({"CacheControl": "no-cache", "ContentLanguage": "en"})),
        rule("*.js", json!({"CacheControl": "no-store"})),
        rule("site.*", json!({"ContentLanguage": "de", "Metadata": {"b": "2"}})),
    ];
    let description = describe(&settings, "css/site.css");
    assert_eq!(
        headers(&description),
        [
            ("CacheControl", "no-cache"),
            ("ContentLanguage", "de"),
            ("ContentType", "text/css"),
            ("StorageClass", "STANDARD_IA"),
        ]
    );
    assert_eq!(description.parameters.metadata().keys().collect::<Vec<_>>(), ["b"]);
    assert_eq!(
        origins(&description),
        [
            ("CacheControl", "the rule for *.css"),
            ("ContentLanguage", "the rule for site.*"),
            ("ContentType", "the pinned table, by `.css`"),
            ("Metadata", "the rule for site.*"),
            ("StorageClass", "`object_parameters`"),
        ]
    );
}

#[test]
fn a_name_tells_type_and_encoding_unless_the_type_is_set() {
    let mut settings = settings();
    settings.parameters = parameters(json!({"ContentEncoding": "br"}));
    let description = describe(&settings, "a.css.gz");
    assert_eq!(headers(&description), [("ContentEncoding", "gzip"), ("ContentType", "text/css")]);
    assert_eq!(description.compression, encoded("gzip"));
    assert_eq!(
        origins(&description),
        [("ContentEncoding", "the suffix of its name"), ("ContentType", "the pinned table, by `.css`")]
    );
    assert_eq!(describe(&settings, "a.css").compression, encoded("br"));

    settings.parameters = parameters(json!({"ContentType": "text/css"}));
    let description = describe(&settings, "a.css.gz");
    assert_eq!(headers(&description), [("ContentType", "text/css")]);
    assert_eq!(description.compression, GZIP);
}

#[test]
fn a_type_that_python_lacks_never_makes_gzip() {
    let settings = settings();
    let description = describe(&settings, "a.midi");
    assert_eq!(headers(&description), [("ContentType", "audio/mid")]);
    assert_eq!(description.compression, Compression::None(NoCompression::ContentType));
    assert_eq!(
        origins(&description),
        [("ContentType", "`mime_guess`, by `.midi`; the pinned table lacks it")]
    );
    let description = describe(&settings, "LICENSE");
    assert_eq!(headers(&description), [("ContentType", "application/octet-stream")]);
    assert_eq!(description.compression, GZIP);
}

#[test]
fn added_media_types_make_gzip() {
    let mut settings = settings();
    settings.media_types.insert(".pcss".to_owned(), "text/css".to_owned());
    let description = describe(&settings, "a.pcss");
    assert_eq!(description.compression, GZIP);
    assert_eq!(origins(&description), [("ContentType", "`media_types`, by `.pcss`")]);
}

/// Setting, rule and file against what becomes of them.
#[test]
fn gzip_is_decided_by_rule_setting_encoding_and_type() {
    let by_rule = || Compression::None(NoCompression::Rule("the rule for *".to_owned()));
    for (enabled, gzip, name, expected) in [
        (true, None, "a.css", GZIP),
        (true, None, "a.png", Compression::None(NoCompression::ContentType)),
        (true, None, "a.svgz", encoded("gzip")),
        (true, Some(false), "a.css", by_rule()),
        (true, Some(true), "a.png", GZIP),
        (true, Some(true), "a.svgz", encoded("gzip")),
        (false, None, "a.css", Compression::None(NoCompression::Off)),
        (false, Some(false), "a.css", by_rule()),
        (false, Some(true), "a.css", GZIP),
        (false, Some(true), "a.png", GZIP),
    ] {
        let mut settings = settings();
        settings.gzip.enabled = enabled;
        settings.rules = vec![RuleSettings { gzip, ..rule("*", json!({})) }];
        assert_eq!(describe(&settings, name).compression, expected, "{enabled} {gzip:?} {name}");
    }
}

#[test]
fn an_empty_content_encoding_counts_as_present() {
    let mut settings = settings();
    settings.parameters = parameters(json!({"ContentEncoding": ""}));
    assert_eq!(describe(&settings, "a.css").compression, encoded(""));
}

#[test]
fn the_default_acl_never_goes_over_one_that_is_set() {
    let acl = |settings: &ObjectSettings, name| {
        describe(settings, name).parameters.get(Parameter::Acl).map(ToOwned::to_owned)
    };
    let mut settings = settings();
    settings.rules = vec![rule("*.css", json!({"ACL": "private"}))];
    assert_eq!(acl(&settings, "a.js"), None);
    settings.default_acl = Some("public-read".to_owned());
    assert_eq!(acl(&settings, "a.js").as_deref(), Some("public-read"));
    assert_eq!(acl(&settings, "a.css").as_deref(), Some("private"));
    settings.default_acl = Some(String::new());
    assert_eq!(acl(&settings, "a.js"), None);
}

#[test]
fn html_goes_last_unless_a_rule_says_otherwise() {
    let mut settings = settings();
    for (name, expected) in [("index.html", true), ("a.HTM", true), ("a.xhtml", false), ("a.css", false)] {
        assert_eq!(describe(&settings, name).entry, expected, "{name}");
    }
    settings.rules = vec![
        rule("page", json!({"ContentType": "text/html; charset=utf-8"})),
        RuleSettings { entry: Some(false), ..rule("404.html", json!({})) },
        RuleSettings { entry: Some(true), ..rule("sw.js", json!({})) },
    ];
    for (name, expected) in [("page", true), ("404.html", false), ("sw.js", true), ("b.js", false)] {
        assert_eq!(describe(&settings, name).entry, expected, "{name}");
    }
    assert_eq!(origins(&describe(&settings, "sw.js"))[1], ("entry", "the rule for sw.js"));
}

#[test]
fn names_say_how_long_an_object_may_be_kept_where_nothing_else_does() {
    let cache = |settings: &ObjectSettings, role| {
        let described = describe_as(settings, "css/a.css", "css/a.0123456789ab.css", role);
        described.parameters.get(Parameter::CacheControl).map(ToOwned::to_owned)
    };
    let roles = [Role::Hashed, Role::Plain, Role::Manifest];
    let mut settings = settings();
    assert_eq!(
        roles.map(|role| cache(&settings, role)),
        [Some("public, max-age=31536000, immutable".to_owned()), None, Some("no-cache".to_owned())]
    );
    let described = describe_as(&settings, "a.css", "a.0123456789ab.css", Role::Hashed);
    assert_eq!(origins(&described)[0], ("CacheControl", "`immutable`"));
    settings.immutable = false;
    assert_eq!(roles.map(|role| cache(&settings, role)), [None, None, None]);
    settings.immutable = true;
    settings.parameters = parameters(json!({"CacheControl": "max-age=60"}));
    assert_eq!(roles.map(|role| cache(&settings, role)), roles.map(|_| Some("max-age=60".to_owned())));
}

#[test]
fn a_rule_is_about_the_name_and_about_the_stored_name() {
    let mut settings = settings();
    settings.rules = vec![
        rule("css/a.css", json!({"CacheControl": "max-age=1"})),
        rule("*.0123456789ab.css", json!({"CacheControl": "max-age=2"})),
    ];
    let cache = |stored_name, role| {
        let described = describe_as(&settings, "css/a.css", stored_name, role);
        described.parameters.get(Parameter::CacheControl).map(ToOwned::to_owned)
    };
    assert_eq!(cache("css/a.css", Role::Plain).as_deref(), Some("max-age=1"));
    assert_eq!(cache("css/a.0123456789ab.css", Role::Hashed).as_deref(), Some("max-age=2"));
    assert_eq!(cache("css/a.ba9876543210.css", Role::Hashed).as_deref(), Some("max-age=1"));
}
