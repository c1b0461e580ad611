//! `manifest`: prints the manifest, or writes a tree and prints the summary.

use std::io;
use std::path::Path;
use std::sync::Arc;

use s3collect::build::{Build, build};
use s3collect::error::Exit;
use s3collect::settings::Loaded;
use s3collect::tree::TreeOptions;
use tokio_util::sync::CancellationToken;

use crate::interrupt;
use crate::output::Printer;

/// Runs and tells.
pub(crate) fn run(
    loaded: Loaded,
    tree: Option<&TreeOptions>,
    as_json: bool,
    home: Option<&Path>,
    printer: &Arc<Printer>,
) -> io::Result<Exit> {
    for note in &loaded.notes {
        printer.line(note);
    }
    let cancel = CancellationToken::new();
    // Only a tree leaves anything to tidy up. Its work is not asynchronous: the runtime does nothing but listen, and
    // where it cannot an interrupt just ends the process.
    let runtime = tree.and_then(|_| crate::runtime().ok());
    if let Some(runtime) = &runtime {
        let _inside = runtime.enter();
        interrupt::watch(cancel.clone(), Arc::clone(printer), "files under way");
    }
    let mut built = build(&loaded.settings, tree, home, &cancel);
    built.warnings.splice(0..0, loaded.warnings);
    tell(&built, as_json, printer)
}

/// Prints what was done, or why it could not begin. The manifest is data; with a tree it is in there.
pub(crate) fn tell(built: &Build, as_json: bool, printer: &Printer) -> io::Result<Exit> {
    printer.troubles(&built.warnings, &built.errors, built.note.as_deref());
    if as_json {
        printer.json(built)?;
    } else if built.out.is_none() && built.ok {
        printer.data(&format!("{}\n", built.document))?;
    }
    if built.ok {
        printer.line(&built.to_string());
    }
    Ok(built.exit())
}
