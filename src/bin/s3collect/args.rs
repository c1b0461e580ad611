//! The command line: clap's derive for verbs, and flags of settings made out of the register, so that neither
//! can have what the other lacks. What is given of them becomes a layer; nothing is decided here.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Args, ColorChoice, Command, FromArgMatches, Parser, Subcommand};
use s3collect::policy::PolicyVerb;
use s3collect::settings::register::{self, Setting};
use s3collect::settings::{Kind, Layer, Origin, Source};
use serde_json::{Value, json};

mod storage;

pub(crate) use storage::{Ls, Rm, StorageVerb};

use crate::examples::{
    EXAMPLES, EXPLAIN_EXAMPLES, IMPORT_EXAMPLES, MANIFEST_EXAMPLES, MIGRATE_EXAMPLES, POLICY_EXAMPLES,
    PUSH_EXAMPLES, SERVE_EXAMPLES, SETTINGS_EXAMPLES,
};

mod url;

pub(crate) use url::{Asked as UrlAsked, Url};

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
    #[command(flatten)]
    Storage(StorageVerb),
    /// Print the URLs of names, signed where the settings say so; offline unless a manifest has to be read
    #[command(after_help = url::EXAMPLES)]
    Url(Url),
    /// Look at the settings
    #[command(after_help = SETTINGS_EXAMPLES)]
    Settings {
        #[command(subcommand)]
        verb: SettingsVerb,
    },
    /// Print the least IAM policy that lets verbs run with these settings
    #[command(after_help = POLICY_EXAMPLES)]
    IamPolicy(IamPolicy),
    /// Run the embedded S3 endpoint over a directory, with a page to browse it
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
pub(crate) struct Serve {
    /// The directory that holds the buckets
    #[arg(long, value_name = "DIR")]
    pub(crate) local: PathBuf,
    /// The port on loopback, e.g. `9000`; without it a free one is taken and printed
    #[arg(long, value_name = "PORT")]
    pub(crate) port: Option<u16>,
}

/// The flags that are settings.
pub(crate) struct SettingsFlags {
    /// Flags of their own.
    pub(crate) layer: Layer,
    /// `--set`, as typed behind the verb; those before it stand in [`Global`].
    pub(crate) sets: Vec<String>,
    /// `--django`, with `--python`.
    pub(crate) django: Option<Django>,
}

/// A Django project whose settings take the place of a file.
#[derive(Args)]
pub(crate) struct Django {
    /// Take settings, static dirs and credentials from a Django project instead of a file, e.g. `mysite.settings`
    #[arg(long = "django", value_name = "MODULE")]
    pub(crate) module: String,
    /// The Python that has the project's packages; without it that of the active environment, of `.venv` or of `PATH`
    #[arg(long, value_name = "PATH", requires = "module")]
    pub(crate) python: Option<PathBuf>,
}

impl Args for SettingsFlags {
    fn augment_args(command: Command) -> Command {
        command
            .next_help_heading("Settings")
            .args(register::all().filter(|setting| !setting.flags.is_empty()).flat_map(arguments))
            .arg(Arg::new("sets").long("set").value_name("NAME=VALUE").action(ArgAction::Append).help(
                "Any setting but secrets, e.g. `--set gzip_level=6`; lists comma-separated or JSON, dictionaries JSON",
            ))
            .args(django_arguments())
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SettingsFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut layer = Layer::new(Source::Flag);
        for setting in register::all().filter(|setting| !setting.flags.is_empty()) {
            give(&mut layer, setting, matches);
        }
        let sets = matches.get_many::<String>("sets").into_iter().flatten().cloned().collect();
        let django = matches.contains_id("module").then(|| Django::from_arg_matches(matches)).transpose()?;
        Ok(Self { layer, sets, django })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// `--django` and `--python`, which may be left out where the settings are not theirs alone.
fn django_arguments() -> Vec<Arg> {
    let command = Django::augment_args(Command::new("django"));
    command
        .get_arguments()
        .map(|argument| argument.clone().required(false).help_heading("Settings"))
        .collect()
}

/// `DIR…`, which goes into the layer with `--source`.
fn static_dirs() -> Arg {
    Arg::new("dirs")
        .value_name("DIR")
        .num_args(0..)
        .help_heading(None::<&str>)
        .help("Static dirs in order of precedence, instead of the file's `sources`")
}

/// The flags of a row. A row with `--no-…` has switches, `--manifest` is a switch for one class.
fn arguments(setting: &'static Setting) -> Vec<Arg> {
    let (switches, values): (Vec<&str>, Vec<&str>) = setting
        .flags
        .iter()
        .filter_map(|flag| flag.strip_prefix("--"))
        .partition(|long| is_switch(setting, long));
    let short =
        setting.flags.iter().find_map(|flag| flag.strip_prefix('-')?.chars().next().filter(|c| *c != '-'));
    let value = values.split_first().map(|(long, aliases)| {
        let arg = Arg::new(setting.name).long(*long).visible_aliases(aliases.to_vec()).help(setting.help);
        let arg = arg.short(short).value_name(value_name(setting));
        match setting.kind {
            Kind::Choice(words) => arg.value_parser(PossibleValuesParser::new(words)),
            Kind::List | Kind::Sources => arg.action(ArgAction::Append),
            _ => arg,
        }
    });
    let switches = switches.iter().map(|long| {
        let others = switches.iter().chain(&values).filter(|other| *other != long);
        let others = others.map(|other| if values.contains(other) { setting.name } else { *other });
        Arg::new(*long)
            .long(*long)
            .action(ArgAction::SetTrue)
            .overrides_with_all(others)
            .help(switch_help(setting, long))
    });
    value.into_iter().chain(switches).collect()
}

fn is_switch(setting: &Setting, long: &str) -> bool {
    // `use_ssl` is true already: as a switch its flag would do nothing.
    long == "manifest" || (setting.kind == Kind::Boolean && setting.name != "use_ssl")
}

fn switch_help(setting: &'static Setting, long: &str) -> String {
    match long {
        "manifest" => {
            "Short for `--backend S3ManifestStaticStorage`: hashed names, and a manifest of them that is published last".to_owned()
        }
        "no-default-ignore" => "Do not leave out `CVS`, `.*` and `*~`".to_owned(),
        "follow-symlinks" => "Follow links that leave their source, too".to_owned(),
        "gzip-if-smaller" => "Keep the plain body where gzip does not help".to_owned(),
        "gzip" => "Store bodies of `--gzip-content-types` compressed".to_owned(),
        "no-gzip" => "Store every body as it is".to_owned(),
        _ => setting.help.to_owned(),
    }
}

fn value_name(setting: &Setting) -> &'static str {
    match (setting.name, setting.kind) {
        ("location", _) => "PREFIX",
        ("endpoint_url", _) => "URL",
        ("backend", _) => "CLASS",
        ("default_acl", _) => "ACL",
        ("invalidate", _) => "DISTRIBUTION",
        ("ignore_patterns", _) => "PATTERN",
        ("gzip_content_types", _) => "TYPES",
        ("in_flight_bytes", _) => "BYTES",
        (_, Kind::Sources) => "PREFIX=DIR",
        (_, Kind::Boolean) => "BOOL",
        (_, Kind::WholeNumber { .. }) => "N",
        (_, Kind::Dictionary) => "JSON",
        (_, Kind::Path) => "DIR",
        (_, Kind::Choice(_)) => "WORD",
        _ => "NAME",
    }
}

/// Hands what was given of a row's flags to the layer.
fn give(layer: &mut Layer, setting: &'static Setting, matches: &ArgMatches) {
    for flag in setting.flags {
        let long = flag.trim_start_matches('-');
        if is_switch(setting, long) && matches.get_flag(long) {
            let value = match long {
                "manifest" => json!("S3ManifestStaticStorage"),
                _ => json!(!long.starts_with("no-")),
            };
            layer.give_value(setting, value, origin(flag), BTreeMap::new());
        }
    }
    let typed = setting.flags.iter().find(|flag| flag.starts_with("--"));
    let flag = typed.copied().unwrap_or_default();
    if setting.kind == Kind::Sources {
        give_sources(layer, setting, flag, matches);
        return;
    }
    let Ok(Some(values)) = matches.try_get_many::<String>(setting.name) else {
        return;
    };
    let values: Vec<&String> = values.collect();
    match (setting.name, values.as_slice()) {
        ("ignore_patterns", patterns) => {
            layer.give_value(setting, json!(patterns), origin(flag), BTreeMap::new());
        }
        (_, [text]) => layer.give_text(setting, text, origin(flag)),
        (_, texts) => {
            let joined: Vec<&str> = texts.iter().map(|text| text.as_str()).collect();
            layer.give_text(setting, &joined.join(","), origin(flag));
        }
    }
}

/// `DIR…` and `--source PREFIX=DIR`, in the order in which they were typed.
fn give_sources(layer: &mut Layer, setting: &'static Setting, flag: &str, matches: &ArgMatches) {
    let mut sources: Vec<(usize, Value, &str)> = Vec::new();
    for (id, flag) in [("dirs", "DIR"), (setting.name, flag)] {
        if let Ok(Some(texts)) = matches.try_get_many::<String>(id) {
            let indices = matches.indices_of(id).into_iter().flatten();
            sources.extend(indices.zip(texts).map(|(index, text)| (index, source(id, text), flag)));
        }
    }
    sources.sort_by_key(|(index, ..)| *index);
    if let Some((_, _, flag)) = sources.first() {
        let origin = origin(flag);
        let values = sources.iter().map(|(_, value, _)| value.clone()).collect();
        layer.give_value(setting, values, origin, BTreeMap::new());
    }
}

fn source(id: &str, text: &str) -> Value {
    match text.split_once('=') {
        Some((prefix, dir)) if id != "dirs" => json!([prefix, dir]),
        _ => json!(text),
    }
}

fn origin(flag: &str) -> Origin {
    Origin::Flag(flag.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory;

    use super::*;

    fn layer(line: &[&str]) -> Layer {
        match Arguments::try_parse_from([&["s3collect", "push"], line].concat()) {
            Ok(Arguments { verb: Verb::Push(push), .. }) => push.settings.layer,
            Ok(_) => panic!("another verb"),
            Err(error) => panic!("{error}"),
        }
    }

    fn given(line: &[&str], name: &str) -> (Value, String) {
        let layer = layer(line);
        let raw = layer.values.get(name).expect("given");
        (raw.value.clone(), raw.origin.to_string())
    }

    #[test]
    fn the_definition_holds_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn flags_are_those_of_the_register() {
        let command = Arguments::command();
        let push = command.find_subcommand("push").expect("a verb");
        let own = ["--dry-run", "-n", "--exit-code", "--check-headers"];
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
    fn sources_keep_the_order_in_which_they_were_typed() {
        let sources = given(&["a", "--source", "p=b", "c=c", "--source", "d"], "sources");
        assert_eq!(sources, (json!(["a", ["p", "b"], "c=c", "d"]), "flag `DIR`".to_owned()));
    }

    #[test]
    fn the_last_of_two_switches_counts() {
        assert_eq!(given(&["--gzip", "--no-gzip"], "gzip"), (json!(false), "flag `--no-gzip`".to_owned()));
        assert_eq!(given(&["--no-gzip", "--gzip"], "gzip"), (json!(true), "flag `--gzip`".to_owned()));
        assert_eq!(given(&["--no-default-ignore"], "default_ignore").0, json!(false));
        assert_eq!(
            given(&["--manifest"], "backend"),
            (json!("S3ManifestStaticStorage"), "flag `--manifest`".to_owned())
        );
    }

    #[test]
    fn values_are_read_by_their_kind() {
        assert_eq!(given(&["--bucket-name", "b"], "bucket_name"), (json!("b"), "flag `--bucket`".to_owned()));
        assert_eq!(given(&["-j", "8"], "concurrency"), (json!(8), "flag `--concurrency`".to_owned()));
        assert_eq!(given(&["-i", "*.map", "-i", "a,b"], "ignore_patterns").0, json!(["*.map", "a,b"]));
        assert_eq!(
            given(&["--gzip-content-types", "text/css,text/html"], "gzip_content_types").0,
            json!(["text/css", "text/html"])
        );
        assert_eq!(given(&["--use-ssl", "no"], "use_ssl").0, json!(false));
        assert_eq!(layer(&[]).values.len(), 0);
        assert_eq!(layer(&["--gzip-level", "11"]).errors.len(), 1);
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
