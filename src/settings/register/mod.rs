//! Every setting there is, a row each: what it is called in every place, what it takes and whether it acts.
//! The flags of the command line and `docs/settings.md` are held against this table by tests. Pure.

mod django_storages;
mod own;
#[cfg(test)]
mod reference;
mod removed;

use super::kind::Kind;

/// A row of the table.
#[derive(Debug)]
pub struct Setting {
    /// Its name in a file, in Django's `OPTIONS` and in `--set`.
    pub name: &'static str,
    /// Its names in the environment; the first that is set wins.
    pub environment: &'static [&'static str],
    /// Names that the AWS tools read; they count for less than the file.
    pub aws_environment: &'static [&'static str],
    /// What it takes.
    pub kind: Kind,
    /// Whether it is masked, and has no place on a command line.
    pub secret: bool,
    /// Its flags, the usual one first; `DIR…` stands for positional arguments.
    pub flags: &'static [&'static str],
    /// What it is when nobody sets it, as JSON; empty for unset.
    pub default: &'static str,
    /// What it does, in one sentence without a full stop.
    pub help: &'static str,
    /// In what it differs from django-storages or Django, in words; empty where it does not.
    pub difference: &'static str,
    /// The first version that has it.
    pub since: &'static str,
    /// Whether it does anything.
    pub status: Status,
}

/// Whether a setting does anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It does what its row says.
    Acts,
    /// It is read and checked, and has no meaning here; its row says why.
    Accepted,
    /// It is an error to give it.
    Removed {
        /// Why it is gone.
        why: &'static str,
        /// What to use.
        instead: &'static str,
    },
}

impl Status {
    /// In words: `acts`, `accepted`, `removed`.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Acts => "acts",
            Self::Accepted => "accepted",
            Self::Removed { .. } => "removed",
        }
    }
}

impl Setting {
    const fn new(
        name: &'static str,
        environment: &'static [&'static str],
        kind: Kind,
        default: &'static str,
        help: &'static str,
    ) -> Self {
        Self {
            name,
            environment,
            aws_environment: &[],
            kind,
            secret: false,
            flags: &[],
            default,
            help,
            difference: "",
            since: "0.1.0",
            status: Status::Acts,
        }
    }

    const fn flags(mut self, flags: &'static [&'static str]) -> Self {
        self.flags = flags;
        self
    }

    const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    const fn accepted(mut self) -> Self {
        self.status = Status::Accepted;
        self
    }

    const fn differs(mut self, difference: &'static str) -> Self {
        self.difference = difference;
        self
    }

    const fn falls_to(mut self, aws_environment: &'static [&'static str]) -> Self {
        self.aws_environment = aws_environment;
        self
    }

    const fn removed(
        name: &'static str,
        environment: &'static [&'static str],
        why: &'static str,
        instead: &'static str,
    ) -> Self {
        let mut setting = Self::new(name, environment, Kind::Any, "", "");
        setting.status = Status::Removed { why, instead };
        setting
    }

    /// Whether it is a name that Django's settings once held, which `settings migrate` rewrites.
    #[must_use]
    pub fn is_legacy(&self) -> bool {
        matches!(self.status, Status::Removed { .. }) && !self.environment.is_empty()
    }

    /// What it is when nobody sets it; `None` for unset.
    ///
    /// # Panics
    /// Never: a test reads every default.
    #[must_use]
    pub fn default_value(&self) -> Option<serde_json::Value> {
        (!self.default.is_empty())
            .then(|| serde_json::from_str(self.default).expect("defaults in the table are JSON"))
    }
}

/// All rows, django-storages' first, each table in its own order.
pub fn all() -> impl Iterator<Item = &'static Setting> {
    django_storages::SETTINGS.iter().chain(own::SETTINGS).chain(removed::SETTINGS)
}

/// The row of a name as files spell it.
#[must_use]
pub fn find(name: &str) -> Option<&'static Setting> {
    all().find(|setting| setting.name == name)
}

/// The row of a name as Django's settings and the environment spell it.
#[must_use]
pub fn find_in_environment(name: &str) -> Option<&'static Setting> {
    all().find(|setting| setting.environment.contains(&name))
}

/// The row that one who wrote `name` most likely meant, if any is near by its name or by one of its flags.
#[must_use]
pub fn nearest(name: &str) -> Option<&'static Setting> {
    let lower = name.to_lowercase().replace('-', "_");
    let rows = || all().filter(|row| !matches!(row.status, Status::Removed { .. }));
    let flag = |flag: &&str| flag.strip_prefix("--").map(|flag| flag.replace('-', "_"));
    let names: Vec<(String, &Setting)> = rows()
        .flat_map(|row| {
            row.flags.iter().filter_map(flag).chain([row.name.to_owned()]).map(move |name| (name, row))
        })
        .collect();
    let near = super::words::nearest(&lower, names.iter().map(|(name, _)| name.as_str()))?;
    names.iter().find(|(name, _)| name == near).map(|(_, row)| *row)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_told_apart_everywhere() {
        let mut names = BTreeSet::new();
        for setting in all() {
            for name in [setting.name].iter().chain(setting.environment).chain(setting.flags) {
                assert!(names.insert(*name), "{name} stands in two rows");
            }
        }
    }

    #[test]
    fn defaults_are_of_their_kind() {
        for setting in all() {
            if let Some(value) = setting.default_value() {
                assert_eq!(setting.kind.check(value.clone()), Ok(value), "{}", setting.name);
            }
        }
    }

    #[test]
    fn secrets_have_no_flag_and_rows_say_what_they_do() {
        for setting in all() {
            assert!(!setting.secret || setting.flags.is_empty(), "{}", setting.name);
            let removed = matches!(setting.status, Status::Removed { .. });
            assert_eq!(setting.help.is_empty(), removed, "{}", setting.name);
            assert!(!setting.help.ends_with('.'), "{}", setting.name);
        }
    }

    #[test]
    fn every_setting_of_django_storages_has_a_row() {
        let names = "AWS_S3_ACCESS_KEY_ID AWS_ACCESS_KEY_ID AWS_S3_SECRET_ACCESS_KEY AWS_SECRET_ACCESS_KEY \
            AWS_SESSION_TOKEN AWS_SECURITY_TOKEN AWS_S3_SESSION_PROFILE AWS_STORAGE_BUCKET_NAME \
            AWS_S3_OBJECT_PARAMETERS AWS_DEFAULT_ACL AWS_QUERYSTRING_AUTH AWS_QUERYSTRING_EXPIRE \
            AWS_S3_MAX_MEMORY_SIZE AWS_S3_FILE_OVERWRITE AWS_LOCATION AWS_S3_CUSTOM_DOMAIN AWS_S3_URL_PROTOCOL \
            AWS_CLOUDFRONT_KEY_ID AWS_CLOUDFRONT_KEY AWS_S3_SIGNATURE_VERSION AWS_S3_ADDRESSING_STYLE \
            AWS_S3_REGION_NAME AWS_S3_ENDPOINT_URL AWS_S3_USE_SSL AWS_S3_VERIFY AWS_S3_PROXIES AWS_IS_GZIPPED \
            GZIP_CONTENT_TYPES AWS_S3_FILE_NAME_CHARSET AWS_S3_FILE_BUFFER_SIZE AWS_S3_USE_THREADS \
            AWS_S3_TRANSFER_CONFIG AWS_S3_CLIENT_CONFIG AWS_S3_SECURE_URLS AWS_AUTO_CREATE_BUCKET AWS_BUCKET_ACL \
            AWS_PRELOAD_METADATA AWS_REDUCED_REDUNDANCY AWS_S3_ENCRYPTION AWS_HEADERS AWS_S3_HOST AWS_S3_PORT \
            AWS_S3_CALLING_FORMAT S3_USE_SIGV4 AWS_ORIGIN AWS_S3_PROXY_HOST AWS_S3_PROXY_PORT";
        for name in names.split_whitespace() {
            assert!(find_in_environment(name).is_some(), "{name}");
        }
    }
}
