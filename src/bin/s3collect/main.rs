//! The `s3collect` command: parse, run, render, exit.

mod args;
mod author;
mod doctor_verb;
mod examples;
mod explain_verb;
mod gc_verb;
mod import_verb;
mod interrupt;
mod manifest_verb;
mod manual;
mod migrate_verb;
mod open_files;
mod output;
mod over_store;
mod policy_verb;
mod push_verb;
mod releases_verb;
mod rollback_verb;
mod serve_verb;
mod settings_verb;
mod storage_verb;
mod url_verb;
mod verify_verb;

use std::collections::BTreeMap;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anstream::ColorChoice;
use clap::Parser;
use s3collect::build::Build;
use s3collect::django::{self, Ask};
use s3collect::doctor::DoctorSummary;
use s3collect::error::{Exit, Problem};
use s3collect::gc::{GcOptions, GcSummary};
use s3collect::push::PushOptions;
use s3collect::releases;
use s3collect::report::Summary;
use s3collect::rollback::{RollbackOptions, RollbackSummary};
use s3collect::session;
use s3collect::settings::{Combined, Given, Loaded, Needs, combine};
use s3collect::tree::TreeOptions;
use s3collect::verify::{VerifyOptions, VerifySummary};
use tokio::runtime::{Builder, Runtime};

use args::{
    Arguments, Django, Doctor, Explain, Gc, Global, IamPolicy, Manifest, Push, Releases, Rollback,
    SettingsFlags, SettingsVerb, StorageVerb, Url, Verb, Verify,
};
use output::{Printer, Verbosity};
use push_verb::{Asked, Reports};

fn main() -> ExitCode {
    open_files::raise();
    let Arguments { global, verb } = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return misused(&error),
    };
    match Surroundings::read(&global).and_then(|surroundings| surroundings.run(&global, verb)) {
        Ok(exit) => ExitCode::from(exit.code()),
        // Whoever read our output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let printer = Printer::new(Verbosity::Normal, ColorChoice::Never);
            printer.errors(&[Problem::new(format!("output could not be written: {error}"))]);
            ExitCode::from(Exit::Failed.code())
        }
    }
}

/// Threads that read and write files, at the most: a disk is not faster with hundreds of them, and each keeps
/// memory of its own.
const FILE_THREADS: usize = 8;

/// The threads of a verb that speaks S3.
fn runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread().max_blocking_threads(FILE_THREADS).enable_all().build()
}

/// Help, the version, or what is wrong with the command line in clap's own words; as a document, too, for those
/// who asked for one.
fn misused(error: &clap::Error) -> ExitCode {
    let wrong = error.use_stderr();
    // A closed pipe is no reason to say more.
    let _ = error.print();
    if wrong && std::env::args_os().any(|argument| argument == "--json") {
        let told = error.to_string();
        let message = told.lines().next().unwrap_or_default().trim_start_matches("error: ");
        let problem = Problem::new(message).with_hint("`s3collect --help` has verbs and flags");
        let printer = Printer::new(Verbosity::Quiet, ColorChoice::Never);
        let _ = printer.json(&serde_json::json!({ "ok": false, "errors": [problem] }));
    }
    ExitCode::from(if wrong { Exit::Usage.code() } else { Exit::Done.code() })
}

/// What the process was started in.
struct Surroundings {
    environment: BTreeMap<String, String>,
    directory: PathBuf,
    printer: Arc<Printer>,
}

impl Surroundings {
    #[expect(clippy::disallowed_methods, reason = "the one door to the process's environment and directory")]
    fn read(global: &Global) -> io::Result<Self> {
        let environment: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let verbosity = match (global.quiet, global.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, 0) => Verbosity::Normal,
            (false, 1) => Verbosity::Verbose,
            (false, _) => Verbosity::Everything,
        };
        let color = match global.color {
            clap::ColorChoice::Always => ColorChoice::AlwaysAnsi,
            clap::ColorChoice::Never => ColorChoice::Never,
            clap::ColorChoice::Auto if io::stderr().is_terminal() => ColorChoice::Auto,
            clap::ColorChoice::Auto => ColorChoice::Never,
        };
        let directory = std::env::current_dir()?;
        Ok(Self { environment, directory, printer: Arc::new(Printer::new(verbosity, color)) })
    }

    fn run(&self, global: &Global, verb: Verb) -> io::Result<Exit> {
        match verb {
            Verb::Push(push) => self.push(global, push),
            Verb::Explain(explain) => self.explain(global, explain),
            Verb::Manifest(manifest) => self.manifest(global, manifest),
            Verb::Releases(asked) => self.releases(global, asked),
            Verb::Rollback(asked) => self.rollback(global, asked),
            Verb::Verify(asked) => self.verify(global, asked),
            Verb::Gc(gc) => self.gc(global, gc),
            Verb::Storage(verb) => self.storage(global, verb),
            Verb::Url(url) => self.url(global, url),
            Verb::Settings { verb } => self.settings_verb(global, verb),
            Verb::Doctor(asked) => self.doctor(global, asked),
            Verb::IamPolicy(policy) => self.policy(global, policy),
            Verb::Completions(asked) => manual::completions(asked.shell, &self.printer),
            Verb::Man(asked) => manual::man(&asked, global.json, &self.printer),
            Verb::Serve(serve) => serve_verb::run(&serve, &self.printer),
        }
    }

    fn settings_verb(&self, global: &Global, verb: SettingsVerb) -> io::Result<Exit> {
        let with =
            |settings, run: &dyn Fn(Combined) -> io::Result<Exit>| match self.combined(global, settings) {
                Ok(combined) => run(combined),
                Err(problems) => self.printer.failed(&problems, global.json),
            };
        match verb {
            SettingsVerb::Show { all, settings } => {
                with(settings, &|combined| settings_verb::show(combined, all, global.json, &self.printer))
            }
            SettingsVerb::Check { settings } => {
                with(settings, &|combined| settings_verb::check(combined, global.json, &self.printer))
            }
            SettingsVerb::Import(asked) => {
                let ask = Ask { secrets: false, ..self.ask(&asked.django) };
                import_verb::run(&ask, asked.out.as_deref(), global.json, &self.printer)
            }
            SettingsVerb::Migrate(asked) => migrate_verb::run(&asked, global.json, &self.printer),
        }
    }

    fn push(&self, global: &Global, push: Push) -> io::Result<Exit> {
        let by = author::author(&self.environment);
        let options = PushOptions { dry_run: push.dry_run, check_headers: push.check_headers, by };
        let step_summary = self.environment.get("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty());
        let reports = Reports { page: push.report, markdown: step_summary.map(PathBuf::from) };
        let asked = Asked { options, reports, differences_fail: push.exit_code, json: global.json };
        match self.connection_settings(global, push.settings, true) {
            Ok(loaded) => push_verb::run(loaded, asked, self.home(), &self.printer),
            Err((warnings, errors)) => {
                push_verb::tell(Summary::refused(errors, warnings), &asked, &self.printer)
            }
        }
    }

    fn releases(&self, global: &Global, asked: Releases) -> io::Result<Exit> {
        match self.connection_settings(global, asked.settings, false) {
            Ok(loaded) => releases_verb::run(loaded, asked.limit, global.json, &self.printer),
            Err((warnings, errors)) => {
                let refused = releases::Releases { warnings, ..releases::Releases::refused(None, errors) };
                releases_verb::tell(&refused, global.json, &self.printer)
            }
        }
    }

    fn rollback(&self, global: &Global, asked: Rollback) -> io::Result<Exit> {
        let Rollback { release, dry_run, accept_order, settings } = asked;
        let by = author::author(&self.environment);
        let options = RollbackOptions { release, dry_run, accept_order, by };
        match self.connection_settings(global, settings, false) {
            Ok(loaded) => rollback_verb::run(loaded, &options, global.json, &self.printer),
            Err((warnings, errors)) => {
                let mut refused = RollbackSummary::refused(None, errors);
                refused.summary.warnings = warnings;
                rollback_verb::tell(&refused, global.json, &self.printer)
            }
        }
    }

    fn verify(&self, global: &Global, asked: Verify) -> io::Result<Exit> {
        let options = VerifyOptions { deep: asked.deep, strict: asked.strict };
        match self.connection_settings(global, asked.settings, false) {
            Ok(loaded) => verify_verb::run(loaded, options, global.json, &self.printer),
            Err((warnings, errors)) => {
                let refused = VerifySummary { warnings, ..VerifySummary::refused(None, options, errors) };
                verify_verb::tell(&refused, global.json, &self.printer)
            }
        }
    }

    fn gc(&self, global: &Global, gc: Gc) -> io::Result<Exit> {
        let Gc { yes, max_delete, allow_drop, alone, settings } = gc;
        let by = author::author(&self.environment);
        let options = GcOptions { delete: yes, max_delete, allow_drop, alone, by };
        match self.connection_settings(global, settings, false) {
            Ok(loaded) => gc_verb::run(loaded, &options, global.json, &self.printer),
            Err((warnings, errors)) => {
                gc_verb::tell(&GcSummary::refused(errors, warnings), global.json, &self.printer)
            }
        }
    }

    fn explain(&self, global: &Global, explain: Explain) -> io::Result<Exit> {
        match self.settings(global, explain.settings, Needs { bucket: false, sources: true }) {
            Ok(loaded) => explain_verb::run(
                &loaded,
                &explain.files,
                global.json,
                &self.directory,
                self.home(),
                &self.printer,
            ),
            Err((warnings, errors)) => {
                self.printer.warnings(&warnings);
                self.printer.failed(&errors, global.json)
            }
        }
    }

    fn manifest(&self, global: &Global, manifest: Manifest) -> io::Result<Exit> {
        let Manifest { out, clean, sri, settings } = manifest;
        let tree = out.map(|out| TreeOptions { out, clean, integrity: sri });
        match self.settings(global, settings, Needs { bucket: false, sources: true }) {
            Ok(loaded) => manifest_verb::run(loaded, tree.as_ref(), global.json, self.home(), &self.printer),
            Err((warnings, errors)) => {
                manifest_verb::tell(&Build::refused(errors, warnings), global.json, &self.printer)
            }
        }
    }

    fn storage(&self, global: &Global, mut verb: StorageVerb) -> io::Result<Exit> {
        let flags = verb.settings().take();
        let interactive = io::stdin().is_terminal() && io::stderr().is_terminal();
        match self.connection_settings(global, flags, false) {
            Ok(loaded) => {
                storage_verb::run(&loaded, verb, global.json, interactive, self.journal(), &self.printer)
            }
            Err((warnings, errors)) => {
                self.printer.warnings(&warnings);
                self.printer.failed(&errors, global.json)
            }
        }
    }

    fn doctor(&self, global: &Global, mut asked: Doctor) -> io::Result<Exit> {
        match self.combined(global, asked.settings.take()) {
            Ok(combined) => doctor_verb::run(combined, &asked, global.json, &self.printer),
            Err(problems) => {
                doctor_verb::tell(&DoctorSummary::unsettled(Vec::new(), problems), global.json, &self.printer)
            }
        }
    }

    fn policy(&self, global: &Global, policy: IamPolicy) -> io::Result<Exit> {
        match self.settings(global, policy.settings, Needs { bucket: true, sources: false }) {
            Ok(loaded) => policy_verb::run(&loaded, &policy.verbs, global.json, &self.printer),
            Err((warnings, errors)) => {
                self.printer.warnings(&warnings);
                self.printer.failed(&errors, global.json)
            }
        }
    }

    fn url(&self, global: &Global, Url { asked, settings }: Url) -> io::Result<Exit> {
        let combined = match self.combined(global, settings) {
            Ok(combined) => combined,
            Err(problems) => return self.printer.failed(&problems, global.json),
        };
        let warnings = combined.warnings().to_vec();
        // A custom domain has URLs without a bucket.
        let domain = combined.value("custom_domain").and_then(|domain| domain.value.as_str());
        let needs = Needs { bucket: domain.is_none_or(str::is_empty), sources: false };
        match combined.resolve(needs) {
            Ok(loaded) => url_verb::run(&loaded, asked, self.cache(), global.json, &self.printer),
            Err(errors) => {
                self.printer.warnings(&warnings);
                let problems = Problem::all(&errors);
                self.printer.failed(&problems, global.json)
            }
        }
    }

    /// Where things may be remembered between runs.
    fn cache(&self) -> Option<PathBuf> {
        Some(self.own("XDG_CACHE_HOME", ".cache")?.join("s3collect"))
    }

    /// Where uploads that are under way are written down.
    fn journal(&self) -> Option<PathBuf> {
        Some(self.own("XDG_STATE_HOME", ".local/state")?.join("s3collect/uploads"))
    }

    /// A directory that the environment names, or that is in the home directory, where there is one.
    fn own(&self, name: &str, in_home: &str) -> Option<PathBuf> {
        let named = self.environment.get(name).filter(|path| !path.is_empty()).map(PathBuf::from);
        named.or_else(|| Some(self.home().filter(|home| home.is_dir())?.join(in_home)))
    }

    /// The settings of a verb, or the warnings and errors that there are instead.
    fn settings(
        &self,
        global: &Global,
        flags: SettingsFlags,
        needs: Needs,
    ) -> Result<Loaded, (Vec<Problem>, Vec<Problem>)> {
        let combined = self.combined(global, flags).map_err(|problems| (Vec::new(), problems))?;
        let warnings = combined.warnings().to_vec();
        combined.resolve(needs).map_err(|errors| (warnings, Problem::all(&errors)))
    }

    /// The same for a verb that speaks with the bucket: what is odd about the way there is among the warnings.
    fn connection_settings(
        &self,
        global: &Global,
        flags: SettingsFlags,
        sources: bool,
    ) -> Result<Loaded, (Vec<Problem>, Vec<Problem>)> {
        let mut loaded = self.settings(global, flags, Needs { bucket: true, sources })?;
        loaded.warnings.extend(session::warnings(&loaded.settings.connection));
        loaded.warnings.extend(open_files::heed(&mut loaded.settings));
        Ok(loaded)
    }

    /// What every place says. A Django project stands in for the file.
    fn combined(&self, global: &Global, flags: SettingsFlags) -> Result<Combined, Vec<Problem>> {
        let sets = [global.sets.as_slice(), &flags.sets].concat();
        let imported = match &flags.django {
            Some(_) if global.config.is_some() => {
                let problem = Problem::new("`--django` and `--config` both say where the settings are");
                return Err(vec![problem.with_hint("leave one of them out").with_exit(Exit::Usage)]);
            }
            Some(django) => {
                Some(django::read(&self.ask(django)).map_err(|error| vec![Problem::from(error)])?)
            }
            None => None,
        };
        Ok(combine(Given {
            flags: flags.layer,
            sets: &sets,
            environment: &self.environment,
            config: global.config.as_deref(),
            imported: imported.as_ref(),
            directory: &self.directory,
            home: self.home(),
            static_dir_exists: self.directory.join("static").is_dir(),
        }))
    }

    fn ask<'a>(&'a self, django: &'a Django) -> Ask<'a> {
        Ask {
            module: &django.module,
            python: django.python.as_deref(),
            virtual_env: self.environment.get("VIRTUAL_ENV").map(Path::new),
            directory: &self.directory,
            secrets: true,
        }
    }

    fn home(&self) -> Option<&Path> {
        self.environment.get("HOME").map(Path::new)
    }
}
