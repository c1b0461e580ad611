//! Holds the tables of `docs/settings.md` against the register; `UPDATE_DOCS=1 cargo test settings_doc` writes them.

use super::{Setting, Status, all};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/settings.md");
const BEGIN: &str = "<!-- register -->\n";
const END: &str = "<!-- /register -->";

fn tables() -> String {
    let mut present = "| setting | flag | environment | takes | default | effect | status | since | difference from Django |\n\
        |---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    let mut removed =
        "| name | environment | why it is an error | what to use |\n|---|---|---|---|\n".to_owned();
    for setting in all() {
        let name = &cell(&code(&[setting.name]));
        let environment = cell(&code(&[setting.environment, setting.aws_environment].concat()));
        match setting.status {
            Status::Removed { why, instead } => {
                removed += &format!("| {name} | {environment} | {} | {} |\n", cell(why), cell(instead));
            }
            Status::Acts | Status::Accepted => {
                let takes = if setting.secret { "text, secret".to_owned() } else { setting.kind.words() };
                let row = [
                    name.clone(),
                    cell(&code(setting.flags)),
                    environment,
                    cell(&takes),
                    cell(&code(&default(setting))),
                    cell(setting.help),
                    setting.status.words().to_owned(),
                    setting.since.to_owned(),
                    cell(difference(setting)),
                ];
                present += &format!("| {} |\n", row.join(" | "));
            }
        }
    }
    format!("\n{present}\n### Names of earlier versions\n\n{removed}\n")
}

/// Our own settings have no counterpart in Django, or none that is called so.
fn difference(setting: &Setting) -> &'static str {
    match setting.environment {
        [name] if name.starts_with("S3COLLECT_") && setting.difference.is_empty() => "not in django-storages",
        _ => setting.difference,
    }
}

fn default(setting: &Setting) -> Vec<&'static str> {
    if setting.default.is_empty() { Vec::new() } else { vec![setting.default] }
}

fn code(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test that reads the document it is about, and writes it when asked"
)]
fn settings_doc_agrees_with_the_register() {
    let document = std::fs::read_to_string(PATH).expect("docs/settings.md");
    let (head, rest) = document.split_once(BEGIN).expect("a mark before the tables");
    let (written, tail) = rest.split_once(END).expect("a mark behind the tables");
    let tables = tables();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(PATH, format!("{head}{BEGIN}{tables}{END}{tail}"))
            .expect("docs/settings.md can be written");
    } else {
        assert!(written == tables, "docs/settings.md is old: run `UPDATE_DOCS=1 cargo test settings_doc`");
    }
}

#[test]
fn settings_doc_has_an_example_that_is_true() {
    #[expect(clippy::disallowed_methods, reason = "a test that reads the document it is about")]
    let document = std::fs::read_to_string(PATH).expect("docs/settings.md");
    let example =
        document.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let folder = tempfile::tempdir().expect("a directory");
    #[expect(clippy::disallowed_methods, reason = "a test makes the file that it reads")]
    std::fs::write(folder.path().join("s3collect.toml"), example).expect("a file");
    let environment = std::collections::BTreeMap::new();
    let given = crate::settings::Given::new(&environment, folder.path());
    let loaded = crate::settings::load(given, crate::settings::Needs { bucket: true, sources: true });
    let loaded = loaded.expect("the example is fine");
    assert_eq!(loaded.settings.location.as_str(), "static");
    assert_eq!(loaded.settings.collect.sources.len(), 2);
    assert_eq!(loaded.warnings, []);
}
