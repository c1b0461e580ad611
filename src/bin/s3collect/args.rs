//! The command line: clap's derive for verbs, and in `settings` the flags that the register makes, so that neither
//! can have what the other lacks. What is given of them becomes a layer; nothing is decided here.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{ArgAction, Args, ColorChoice, Parser, Subcommand};
use clap_complete::Shell;
use s3collect::gc;
use s3collect::policy::PolicyVerb;
use s3collect::releases;

use crate::examples::{
    COMPLETIONS_EXAMPLES, DOCTOR_EXAMPLES, EXAMPLES, EXPLAIN_EXAMPLES, GC_EXAMPLES, IMPORT_EXAMPLES,
    MAN_EXAMPLES, MANIFEST_EXAMPLES, MIGRATE_EXAMPLES, POLICY_EXAMPLES, PUSH_EXAMPLES, RELEASES_EXAMPLES,
    ROLLBACK_EXAMPLES, SERVE_EXAMPLES, SETTINGS_EXAMPLES, VERIFY_EXAMPLES,
};

mod settings;
mod storage;
mod url;

pub(crate) use settings::{Django, SettingsFlags};
pub(crate) use storage::{Ls, Rm, StorageVerb};
pub(crate) use url::{Asked as UrlAsked, Url};

use settings::static_dirs;

/// collectstatic for S3: static directories into a bucket, whole, remembered and explained
#[derive(Parser)]
#[command(name = "s3collect", version, after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What every verb takes.
#[derive(Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// The settings file, instead of the nearest `s3collect.toml` or `pyproject.toml` upward
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    // Not `global`: clap would drop those before the verb where there are some behind it as well.
    /// As behind the verb
    #[arg(long = "set", value_name = "NAME=VALUE", hide = true)]
    pub(crate) sets: Vec<String>,
    /// One JSON document on stdout when the verb ends, errors included
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Nothing on stderr but warnings and errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// A line per file; twice for more
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// When to use colour; `auto` minds terminals and `NO_COLOR`
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: ColorChoice,
}

#[derive(Subcommand)]
pub(crate) enum Verb {
    /// Put what differs: collect, compress, compare with the bucket, store
    #[command(after_help = PUSH_EXAMPLES)]
    Push(Push),
    /// Say why a file gets the key, the headers and the compression that it gets
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain(Explain),
    /// Write hashed names and the manifest as Django does, offline: to stdout, or a whole tree into a directory
    #[command(after_help = MANIFEST_EXAMPLES)]
    Manifest(Manifest),
    /// List the releases that pushes recorded, the last one first
    #[command(after_help = RELEASES_EXAMPLES)]
    Releases(Releases),
    /// Put an earlier release back, once all that it needs is known to be there
    #[command(after_help = ROLLBACK_EXAMPLES)]
    Rollback(Rollback),
    /// Compare the bucket with the last release: missing, changed body, changed headers; exit 3 on any
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify(Verify),
    /// Print what no kept release of any app needs; with `--yes`, delete it
    #[command(after_help = GC_EXAMPLES)]
    Gc(Gc),
    #[command(flatten)]
    Storage(StorageVerb),
    /// Print the URLs of names, signed where the settings say so; offline unless a manifest has to be read
    #[command(after_help = url::EXAMPLES)]
    Url(Url),
    /// Say what is wrong with settings, credentials, bucket, permissions and URLs, and what to do; exit 1 on any failure
    #[command(after_help = DOCTOR_EXAMPLES)]
    Doctor(Doctor),
    /// Look at the settings
    #[command(after_help = SETTINGS_EXAMPLES)]
    Settings {
        #[command(subcommand)]
        verb: SettingsVerb,
    },
    /// Print the least IAM policy that lets verbs run with these settings
    #[command(after_help = POLICY_EXAMPLES)]
    IamPolicy(IamPolicy),
    /// Print what makes a shell complete verbs, flags and their values
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions(Completions),
    /// Print the manual page of `s3collect` or of a verb, or write all of them
    #[command(after_help = MAN_EXAMPLES)]
    Man(Man),
    /// Run the embedded S3 endpoint over a directory, with pages to browse it
    ///
    /// It prints its URL and keys, and stays until it is interrupted. A browser that opens the URL sees buckets, objects with
    /// their stored headers, and releases with what each changed. It listens on 127.0.0.1 only; reading needs no keys.
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(Serve),
}

#[derive(Args)]
#[command(arg(static_dirs()))]
pub(crate) struct Push {
    /// Print what would be done, and why; only reads from the bucket
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
    /// With `--dry-run`: exit 3 when something would be put
    #[arg(long, requires = "dry_run")]
    pub(crate) exit_code: bool,
    /// Ask for the headers of every object, and put those that differ too; a request per object
    #[arg(long)]
    pub(crate) check_headers: bool,
    /// Write a page on the push: what was put and why, sizes, cache headers, requests and their cost
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) settings: SettingsFlags,
}

#[derive(Args)]
pub(crate) struct Releases {
    /// The most that are listed
    #[arg(short = 'n', long, value_name = "N", default_value_t = releases::SHOWN)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) settings: SettingsFlags,
}

#[derive(Args)]
pub(crate) struct Rollback {
    /// The release, or how its id begins; without it the one before the live one
    #[arg(value_name = "ID")]
    pub(crate) release: Option<String>,
    /// Print what would be put back, and what cannot be; only reads from the bucket
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
    /// Go back to the `--release-order` of that release too, so that those after it may be pushed again
    #[arg(long)]
    pub(crate) accept_order: bool,
    #[command(flatten)]
    pub(crate) settings: SettingsFlags,
}

#[derive(Args)]
pub(crate) struct Verify {
    /// Read the bodies, too, instead of going by their ETags
    #[arg(long)]
    pub(crate) deep: bool,
    /// Objects that no record names are differences, too
    #[arg(long)]
    pub(crate) strict: bool,
    #[command(flatten)]
    pub(crate) settings: SettingsFlags,
}

#[derive(Args)]
pub(crate) struct Gc {
    /// Delete; without it nothing is but told
    #[arg(long)]
    pub(crate) yes: bool,
    /// The most objects that are deleted; if there are more, none is
    #[arg(long, value_name = "N", default_value_t = gc::MAX_DELETE)]
    pub(crate) max_delete: u64,
    /// Delete though the last release of an app lacks more than half of the names of the one before
    #[arg(long)]
    pub(crate) allow_drop: bool,
    /// Nobody else pushes meanwhile: for stores that have no conditional writes
    #[arg(long)]
    pub(crate) alone: bool,
    #[command(flatten)]
    pub(crate) settings: SettingsFlags,
}

#[derive(Args)]
#[command(arg(static_dirs()))]
pub(crate) struct Manifest {
    /// Write the whole post-processed tree and the manifest, as collectstatic leaves `STATIC_ROOT`
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Remove every file of the output that this run does not write
    #[arg(long, requires = "out")]
    pub(crate) clean: bool,
    /// Write `staticfiles.sri.json` as well: the `integrity` of every hashed file
    #[arg(long, requires = "out")]
    pub(crate) sri: bool,
    #[command(flatten)]
    pub(crate) settings: SettingsFlags,
}

#[derive(Args)]
pub(crate) struct Explain {
    /// Files, by their names below a static dir (`css/site.css`) or by their paths
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<String>,
    #[command(flatten)]
    pub(crate) settings: SettingsFlags,
}

#[derive(Subcommand)]
pub(crate) enum SettingsVerb {
    /// Print each setting that was given, and where it comes from; secrets are masked
    #[command(after_help = SETTINGS_EXAMPLES)]
    Show {
        /// Those at their default as well; `--json` has all in any case
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        settings: SettingsFlags,
    },
    /// Say whether a push could run with these settings; all that is wrong in one go
    #[command(after_help = SETTINGS_EXAMPLES)]
    Check {
        #[command(flatten)]
        settings: SettingsFlags,
    },
    /// Read the settings of a Django project, with its own Python, and write them as a settings file
    #[command(after_help = IMPORT_EXAMPLES)]
    Import(Import),
    /// Rewrite the settings of django-storages' boto backend; the file goes to stdout, what changed and why to stderr
    #[command(after_help = MIGRATE_EXAMPLES)]
    Migrate(Migrate),
}

#[derive(Args)]
pub(crate) struct Import {
    #[command(flatten)]
    pub(crate) django: Django,
    /// Write a new file, instead of stdout; its paths start where it is
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Migrate {
    /// A Django settings module, lines of `NAME=VALUE`, or a settings file of ours; `-` for stdin
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// What the file is; without it its name decides, or what it looks like
    #[arg(long, value_name = "FORM", value_parser = PossibleValuesParser::new(["python", "env", "toml"]))]
    pub(crate) form: Option<String>,
    /// URLs made before are kept somewhere: sign new ones the same way
    #[arg(long)]
    pub(crate) persisted_urls: bool,
}

#[derive(Args)]
pub(crate) struct IamPolicy {
    /// The verbs that shall run, comma-separated
    #[arg(long = "for", value_name = "VERB,…", value_delimiter = ',', default_value = "push",
        value_parser = PossibleValuesParser::new(PolicyVerb::ALL.map(PolicyVerb::name)))]
    pub(crate) verbs: Vec<String>,
    #[command(flatten)]
    pub(crate) settings: SettingsFlags,
}

#[derive(Args)]
pub(crate) struct Doctor {
    /// The verbs that shall run, comma-separated
    #[arg(long = "for", value_name = "VERB,…", value_delimiter = ',', default_value = "push",
        value_parser = PossibleValuesParser::new(
            PolicyVerb::ALL.into_iter().filter(|verb| *verb != PolicyVerb::Doctor).map(PolicyVerb::name)
        ))]
    pub(crate) verbs: Vec<String>,
    /// Make no objects, and prove less
    #[arg(long)]
    pub(crate) read_only: bool,
    /// The site whose pages load fonts and modules from the bucket, e.g. `https://www.example.com`
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) origin: Option<String>,
    #[command(flatten)]
    pub(crate) settings: SettingsFlags,
}

#[derive(Args)]
pub(crate) struct Completions {
    /// Which shell
    #[arg(value_name = "SHELL")]
    pub(crate) shell: Shell,
}

#[derive(Args)]
pub(crate) struct Man {
    /// Of a verb, e.g. `push` or `settings show`; without one, of `s3collect`
    #[arg(value_name = "VERB")]
    pub(crate) verb: Vec<String>,
    /// Write the pages of everything into a directory: `s3collect.1`, `s3collect-push.1`, …
    #[arg(long, value_name = "DIR", conflicts_with = "verb")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Serve {
    /// The directory that holds the buckets
    #[arg(long, value_name = "DIR")]
    pub(crate) local: PathBuf,
    /// The port on loopback, e.g. `9000`; without it a free one is taken and printed
    #[arg(long, value_name = "PORT")]
    pub(crate) port: Option<u16>,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::{Command, CommandFactory};
    use s3collect::settings::register;

    use super::*;

    #[test]
    fn the_definition_holds_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn flags_are_those_of_the_register() {
        let command = Arguments::command();
        let push = command.find_subcommand("push").expect("a verb");
        let own = ["--dry-run", "-n", "--exit-code", "--check-headers", "--report"];
        let mut flags = BTreeSet::new();
        for argument in push.get_arguments() {
            flags.extend(
                argument.get_long_and_visible_aliases().into_iter().flatten().map(|long| format!("--{long}")),
            );
            flags.extend(argument.get_short().map(|short| format!("-{short}")));
        }
        for flag in own.iter().chain(&["--set", "--django", "--python"]) {
            assert!(flags.remove(*flag), "{flag}");
        }
        let register: BTreeSet<String> = register::all()
            .flat_map(|setting| setting.flags)
            .filter(|flag| flag.starts_with('-'))
            .map(|flag| (*flag).to_owned())
            .collect();
        assert_eq!(flags, register);
    }

    #[test]
    fn every_flag_and_verb_is_explained() {
        fn check(command: &Command) {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            assert!(command.get_after_help().is_some(), "{}", command.get_name());
            for argument in command.get_arguments() {
                assert!(argument.get_help().is_some(), "{}", argument.get_id());
            }
            command.get_subcommands().for_each(check);
        }
        check(&Arguments::command());
    }

    #[test]
    fn set_is_taken_on_both_sides_of_the_verb() {
        let line = [
            "s3collect",
            "--set",
            "a=1",
            "--config",
            "f",
            "settings",
            "check",
            "--set",
            "b=2",
            "--set",
            "c=3,4",
        ];
        let arguments = Arguments::try_parse_from(line).unwrap_or_else(|error| panic!("{error}"));
        let Verb::Settings { verb: SettingsVerb::Check { settings } } = arguments.verb else {
            panic!("another verb")
        };
        assert_eq!(
            (arguments.global.sets, settings.sets),
            (vec!["a=1".to_owned()], vec!["b=2".to_owned(), "c=3,4".to_owned()])
        );
    }

    #[test]
    fn a_wrong_flag_is_told_the_right_one() {
        let error =
            Arguments::try_parse_from(["s3collect", "push", "--buckt", "b"]).err().expect("no such flag");
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains("'--bucket'"), "{error}");
    }
}
