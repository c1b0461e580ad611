//! `manifest`: prints the manifest, or writes a tree and prints the summary.

use std::io;
use std::path::Path;

use s3collect::build::{Build, build};
use s3collect::error::Exit;
use s3collect::settings::Loaded;
use s3collect::tree::TreeOptions;

use crate::output::Printer;

/// Runs and tells.
pub(crate) fn run(
    loaded: Loaded,
    tree: Option<&TreeOptions>,
    as_json: bool,
    home: Option<&Path>,
    printer: &Printer,
) -> io::Result<Exit> {
    for note in &loaded.notes {
        printer.line(note);
    }
    let mut built = build(&loaded.settings, tree, home);
    built.warnings.splice(0..0, loaded.warnings);
    tell(&built, as_json, printer)
}

/// Prints what was done, or why it could not begin. The manifest is data; with a tree it is in there.
pub(crate) fn tell(built: &Build, as_json: bool, printer: &Printer) -> io::Result<Exit> {
    printer.warnings(&built.warnings);
    printer.errors(&built.errors);
    if let Some(note) = &built.note {
        printer.note(note);
    }
    if as_json {
        printer.json(built)?;
    } else if built.out.is_none() {
        printer.data(&built.document)?;
    }
    if built.ok {
        printer.line(&built.to_string());
    }
    Ok(built.exit())
}
