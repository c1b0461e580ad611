//! `iam-policy`: prints the policy.

use std::collections::BTreeSet;
use std::io;

use s3collect::error::{Exit, Problem};
use s3collect::policy::{PolicyVerb, policy};
use s3collect::settings::Loaded;

use crate::output::Printer;

/// Prints the policy for these verbs.
pub(crate) fn run(loaded: &Loaded, verbs: &[String], as_json: bool, printer: &Printer) -> io::Result<Exit> {
    let verbs: BTreeSet<PolicyVerb> = verbs.iter().filter_map(|verb| PolicyVerb::named(verb)).collect();
    printer.warnings(&loaded.warnings);
    match policy(&loaded.settings, &verbs) {
        Ok(policy) => {
            printer.json(&policy)?;
            Ok(Exit::Done)
        }
        Err(error) => printer.failed(&[Problem::from(error)], as_json),
    }
}
