//! The `s3collect` command.

mod args;
mod settings_verb;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use s3collect::error::Exit;
use s3collect::settings::{Combined, Given, combine};

use args::{Arguments, Global, SettingsFlags, SettingsVerb, Verb};

fn main() -> io::Result<ExitCode> {
    let Arguments { global, verb } = Arguments::parse();
    let (mut stdout, mut stderr) = (io::stdout().lock(), io::stderr().lock());
    let exit = match verb {
        Verb::Settings { verb: SettingsVerb::Show { all, settings } } => {
            settings_verb::show(combined(&global, settings)?, all, global.json, &mut stdout, &mut stderr)?
        }
        Verb::Settings { verb: SettingsVerb::Check { settings } } => {
            let combined = combined(&global, settings)?;
            settings_verb::check(combined, global.json, global.quiet, &mut stdout, &mut stderr)?
        }
        _ => Exit::Usage,
    };
    Ok(ExitCode::from(exit.code()))
}

#[expect(clippy::disallowed_methods, reason = "the one door to the process's environment and directory")]
fn combined(global: &Global, flags: SettingsFlags) -> io::Result<Combined> {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    let environment: BTreeMap<String, String> = std::env::vars_os().filter_map(text).collect();
    let directory = std::env::current_dir()?;
    Ok(combine(Given {
        flags: flags.layer,
        sets: &[global.sets.as_slice(), &flags.sets].concat(),
        environment: &environment,
        config: global.config.as_deref(),
        directory: &directory,
        home: environment.get("HOME").map(Path::new),
        static_dir_exists: directory.join("static").is_dir(),
    }))
}
