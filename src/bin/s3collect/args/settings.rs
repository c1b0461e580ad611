//! Flags of settings, made out of the register, and `DIR…`, `--set` and `--django` beside them. What is given of them
//! becomes a layer; nothing is decided here.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use s3collect::settings::register::{self, Setting};
use s3collect::settings::{Kind, Layer, Origin, Source};
use serde_json::{Value, json};

/// The flags that are settings.
pub(crate) struct SettingsFlags {
    /// Flags of their own.
    pub(crate) layer: Layer,
    /// `--set`, as typed behind the verb; those before it stand in [`Global`](super::Global).
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

impl SettingsFlags {
    /// Takes what was given out of the arguments of a verb, which is needed without it.
    pub(crate) fn take(&mut self) -> Self {
        Self {
            layer: std::mem::replace(&mut self.layer, Layer::new(Source::Flag)),
            sets: std::mem::take(&mut self.sets),
            django: std::mem::take(&mut self.django),
        }
    }
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
pub(super) fn static_dirs() -> Arg {
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
    use clap::Parser;

    use super::*;
    use crate::args::{Arguments, Verb};

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
}
