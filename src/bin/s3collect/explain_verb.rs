//! `explain`: prints why files get what they get.

use std::io;
use std::path::Path;

use s3collect::error::Exit;
use s3collect::explain::explain;
use s3collect::prepare::prepare;
use s3collect::settings::Loaded;

use crate::output::Printer;

/// Explains files and tells.
pub(crate) fn run(
    loaded: &Loaded,
    files: &[String],
    as_json: bool,
    directory: &Path,
    home: Option<&Path>,
    printer: &Printer,
) -> io::Result<Exit> {
    printer.warnings(&loaded.warnings);
    let settings = &loaded.settings;
    let sources = &settings.collect.sources;
    let explained =
        prepare(settings, home).and_then(|prepared| explain(&prepared, sources, files, directory));
    match explained {
        Ok(explanations) if as_json => printer.json(&explanations)?,
        Ok(explanations) => {
            let texts: Vec<String> = explanations.iter().map(ToString::to_string).collect();
            printer.data(&texts.join("\n"))?;
        }
        Err(problems) => return printer.failed(&problems, as_json),
    }
    Ok(Exit::Done)
}
