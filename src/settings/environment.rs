//! Reads settings out of a map of environment variables that the binary hands in. Pure.

use std::collections::BTreeMap;

use super::layer::{Layer, Origin, Source};
use super::register::{self, Setting};
use crate::error::Problem;

const OWN: &str = "S3COLLECT_";

/// What the environment says by django-storages' names and ours.
pub(super) fn layer(environment: &BTreeMap<String, String>) -> Layer {
    read(environment, Source::Environment, |setting| setting.environment)
}

/// What it says by names that count for less than the file.
pub(super) fn aws_layer(environment: &BTreeMap<String, String>) -> Layer {
    read(environment, Source::AwsEnvironment, |setting| setting.aws_environment)
}

fn read(
    environment: &BTreeMap<String, String>,
    source: Source,
    names: impl Fn(&Setting) -> &'static [&'static str],
) -> Layer {
    let mut layer = Layer::new(source);
    for setting in register::all() {
        let given = names(setting).iter().find_map(|name| Some((*name, set(environment.get(*name)?)?)));
        if let Some((name, text)) = given {
            layer.give_text(setting, text, Origin::Environment(name.to_owned()));
        }
    }
    layer
}

/// Empty, and the word that Python writes for nothing, are unset.
fn set(text: &str) -> Option<&str> {
    (!matches!(text.trim(), "" | "None")).then_some(text)
}

/// Variables that begin like ours and are none: not errors, since others may write them for programs of theirs.
pub(super) fn strangers(environment: &BTreeMap<String, String>) -> Vec<Problem> {
    let known = || register::all().flat_map(|setting| setting.environment).copied();
    environment
        .keys()
        .filter(|name| name.starts_with(OWN) && !known().any(|known| known == *name))
        .map(|name| {
            let problem = Problem::new(format!("`{name}` in the environment is no setting"));
            let near = name.strip_prefix(OWN).and_then(register::nearest);
            match near.and_then(|near| near.environment.first()) {
                Some(near) => problem.with_hint(format!("the nearest name is `{near}`")),
                None => problem,
            }
        })
        .collect()
}
