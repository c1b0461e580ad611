//! `releases`: lists what was recorded, as a table or as the document.

use std::io;
use std::sync::Arc;

use s3collect::error::Exit;
use s3collect::releases::{ReleaseLine, Releases, releases};
use s3collect::report::Bytes;
use s3collect::settings::Loaded;

use crate::output::Printer;
use crate::over_store::{NoStore, over_store};

/// Lists and tells.
pub(crate) fn run(loaded: Loaded, limit: usize, as_json: bool, printer: &Arc<Printer>) -> io::Result<Exit> {
    for note in &loaded.notes {
        printer.line(note);
    }
    let settings = &loaded.settings;
    let done = over_store(settings, printer, async |store, _, cancel| {
        releases(settings, limit, store, cancel).await
    })?;
    let mut found = match done {
        Ok(found) => found,
        Err(NoStore::Interrupted) => {
            Releases { interrupted: true, ..Releases::refused(Some(settings), Vec::new()) }
        }
        Err(NoStore::Refused(problem)) => Releases::refused(Some(settings), vec![problem]),
    };
    found.warnings.splice(0..0, loaded.warnings);
    tell(&found, as_json, printer)
}

/// Prints the table, or why there is none.
pub(crate) fn tell(found: &Releases, as_json: bool, printer: &Printer) -> io::Result<Exit> {
    printer.troubles(&found.warnings, &found.errors, None);
    if as_json {
        printer.json(found)?;
        return Ok(found.exit());
    }
    if found.releases.is_empty() && found.ok {
        printer.line("no releases are recorded");
    } else if !found.releases.is_empty() {
        let head = format!(
            "{:2}{:25}  {:20}  {:>8}  {:>10}  {}",
            "", "release", "recorded", "objects", "size", "order"
        );
        printer.rows([head].into_iter().chain(found.releases.iter().map(row)))?;
    }
    let more = found.recorded - found.releases.len() as u64;
    if found.ok && more > 0 {
        printer.line(&format!("and {more} more; `--limit {}` shows all", found.recorded));
    }
    if let Some(claim) = &found.claim {
        let seen =
            claim.seen.as_deref().map(|seen| format!(", last sign of life {seen}")).unwrap_or_default();
        let at_work = if claim.alive { "is at work" } else { "never ended" };
        printer.line(&format!("{} {at_work}{seen}", claim.who));
    }
    Ok(found.exit())
}

/// `* 20261122T221530Z-3f2a9c41  2026-11-22T22:15:31Z      2811    80.1 MiB  42`, the published one with a star.
fn row(line: &ReleaseLine) -> String {
    let mark = match line.state {
        "published" => "*",
        "unpublished" => "?",
        _ => "",
    };
    let recorded = line.recorded.as_deref().unwrap_or("-");
    let objects = line.objects.map_or("-".to_owned(), |objects| objects.to_string());
    let size = line.bytes.map_or("-".to_owned(), |bytes| Bytes(bytes).to_string());
    let order = line.order.map(|order| order.to_string()).unwrap_or_default();
    let restores = line.restores.as_ref().map(|id| format!("restores {id}")).unwrap_or_default();
    let id = line.id.as_str();
    let row = format!("{mark:2}{id:25}  {recorded:20}  {objects:>8}  {size:>10}  {order:5}  {restores}");
    row.trim_end().to_owned()
}
