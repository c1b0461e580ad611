//! `settings show` and `settings check`: rows and problems of the library, as text and as JSON.

use std::io;

use s3collect::error::{Exit, Problem};
use s3collect::session;
use s3collect::settings::show::{self, Row};
use s3collect::settings::{Combined, Needs};
use serde_json::json;

use crate::output::Printer;

/// A push takes its static dirs from the command line in most cases, so none in the settings is fine.
const CHECKED: Needs = Needs { bucket: true, sources: false };

/// Prints what is set and where it comes from. Settings that cannot be used are told, and end with 2.
pub(crate) fn show(combined: Combined, all: bool, as_json: bool, printer: &Printer) -> io::Result<Exit> {
    let rows = show::rows(&combined);
    if as_json {
        printer.json(&rows)?;
    } else {
        let shown: Vec<&Row> = rows.iter().filter(|row| all || !row.is_default).collect();
        printer.rows(columns(&shown).lines())?;
        let hidden = rows.len() - shown.len();
        if hidden > 0 {
            printer.line(&format!("{hidden} settings are at their default; `--all` shows them"));
        }
    }
    let (warnings, errors) = problems(combined, Needs { bucket: false, sources: false });
    printer.warnings(&warnings);
    printer.errors(&errors);
    Ok(if errors.is_empty() { Exit::Done } else { Exit::Usage })
}

/// Says whether a push could run with these settings.
pub(crate) fn check(combined: Combined, as_json: bool, printer: &Printer) -> io::Result<Exit> {
    let rows = show::rows(&combined);
    let given = rows.iter().filter(|row| !row.is_default).count();
    let file = combined.file.as_ref().map(|file| file.name.clone());
    let (warnings, errors) = problems(combined, CHECKED);
    let ok = errors.is_empty();
    printer.warnings(&warnings);
    printer.errors(&errors);
    if as_json {
        printer.json(&json!({
            "verb": "settings check", "ok": ok, "file": file, "warnings": warnings, "errors": errors,
        }))?;
    }
    if ok {
        let file = file.map_or_else(|| "no settings file".to_owned(), |file| format!("`{file}`"));
        printer.line(&format!("settings are fine: {given} set, {file}"));
    }
    Ok(if ok { Exit::Done } else { Exit::Usage })
}

fn problems(combined: Combined, needs: Needs) -> (Vec<Problem>, Vec<Problem>) {
    let mut warnings = combined.warnings().to_vec();
    let errors = match combined.resolve(needs) {
        Ok(loaded) => {
            warnings.extend(session::warnings(&loaded.settings.connection));
            Vec::new()
        }
        Err(errors) => errors,
    };
    (warnings, Problem::all(&errors))
}

/// `name = value  # origin` a line, in columns as long as values are short.
fn columns(rows: &[&Row]) -> String {
    const WIDEST: usize = 40;
    let values: Vec<String> = rows.iter().map(|row| show::toml_text(&row.value)).collect();
    let name_width = rows.iter().map(|row| row.name.len()).max().unwrap_or_default();
    let widths = values.iter().map(|value| value.chars().count());
    let value_width = widths.filter(|width| *width <= WIDEST).max().unwrap_or_default();
    let mut text = String::new();
    for (row, value) in rows.iter().zip(&values) {
        let later = if row.status == "acts" { String::new() } else { format!(", {}", row.status) };
        text.push_str(&format!("{:name_width$} = {value:value_width$}  # {}{later}\n", row.name, row.origin));
    }
    text
}
