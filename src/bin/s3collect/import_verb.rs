//! `settings import`: reads a Django project and prints or writes a settings file.

use std::io;
use std::path::Path;

use s3collect::django::{self, Ask, Written};
use s3collect::error::{Exit, Problem};
use s3collect::settings::Imported;
use serde_json::json;

use crate::output::Printer;

/// Reads, writes and tells.
pub(crate) fn run(ask: &Ask<'_>, out: Option<&Path>, as_json: bool, printer: &Printer) -> io::Result<Exit> {
    let imported = match django::read(ask) {
        Ok(imported) => imported,
        Err(error) => return printer.failed(&[Problem::from(error)], as_json),
    };
    let warnings = warnings(&imported);
    let written = Written::new(&imported, ask.directory, out);
    printer.warnings(&warnings);
    if let Some(out) = out
        && let Err(error) = django::write_file(&ask.directory.join(out), &written.text)
    {
        return printer.failed(&[Problem::from(error)], as_json);
    }
    if as_json {
        printer.json(&json!({
            "verb": "settings import", "ok": true, "out": out, "text": written.text, "warnings": warnings,
            "errors": [],
        }))?;
    } else if out.is_none() {
        printer.data(&written.text)?;
    }
    if let Some(out) = out {
        let plural = if written.storages == 1 { "storage" } else { "storages" };
        printer.line(&format!("{} {plural} written to `{}`", written.storages, out.display()));
    }
    Ok(Exit::Done)
}

fn warnings(imported: &Imported) -> Vec<Problem> {
    let of_storages = imported.storages.values().flat_map(|storage| &storage.warnings);
    imported.warnings.iter().chain(of_storages).cloned().collect()
}
