//! `settings migrate`: reads a file, prints it rewritten, and tells what was changed.

use std::io::{self, Read};
use std::path::Path;

use s3collect::error::{Exit, Problem};
use s3collect::migrate::{Form, MigrateOptions, Migrated, migrate};
use serde_json::json;

use crate::args::Migrate;
use crate::output::Printer;

/// Rewrites and tells.
pub(crate) fn run(asked: &Migrate, as_json: bool, printer: &Printer) -> io::Result<Exit> {
    match migrated(asked) {
        Ok(migrated) => tell(&migrated, as_json, printer),
        Err(problems) => printer.failed(&problems, as_json),
    }
}

fn migrated(asked: &Migrate) -> Result<Migrated, Vec<Problem>> {
    let is_stdin = asked.file == Path::new("-");
    let name = if is_stdin { "stdin".to_owned() } else { asked.file.display().to_string() };
    let text = read(&asked.file, is_stdin).map_err(|error| {
        let problem = Problem::new(format!("`{name}` cannot be read"));
        vec![Problem { causes: vec![error.to_string()], ..problem.with_exit(Exit::Usage) }]
    })?;
    let form = asked.form.as_deref().and_then(Form::named).unwrap_or_else(|| Form::guess(&name, &text));
    let options = MigrateOptions { persisted_urls: asked.persisted_urls };
    migrate(&name, &text, form, options).map_err(|errors| Problem::all(&errors))
}

#[expect(clippy::disallowed_methods, reason = "the verb is about one file, which is read whole")]
fn read(file: &Path, is_stdin: bool) -> io::Result<String> {
    if is_stdin {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text)?;
        return Ok(text);
    }
    std::fs::read_to_string(file)
}

fn tell(migrated: &Migrated, as_json: bool, printer: &Printer) -> io::Result<Exit> {
    if as_json {
        printer.json(&json!({
            "verb": "settings migrate", "ok": true, "text": migrated.text, "changes": migrated.changes,
            "warnings": migrated.warnings, "errors": [],
        }))?;
    } else {
        printer.data(&migrated.text)?;
    }
    for change in &migrated.changes {
        printer.line(change);
    }
    if migrated.changes.is_empty() {
        printer.line("nothing to change: no name of the boto backend is in it");
    }
    printer.warnings(&migrated.warnings);
    Ok(Exit::Done)
}
