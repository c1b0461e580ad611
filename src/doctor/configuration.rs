//! What it means how a bucket is set up. Pure.

use percent_encoding::percent_decode_str;

use crate::error::Problem;
use crate::parameters::Parameter;
use crate::settings::Settings;
use crate::store::{Age, LifecycleRule, PublicAccessBlock, StoreError, Versioning};

use super::finding::{Check, Finding};

/// ACLs that let everybody read.
const PUBLIC: [&str; 2] = ["public-read", "public-read-write"];

/// Rules that delete or archive what may be live: an object that does not change is not put again.
pub(super) fn lifecycle(settings: &Settings, rules: &Result<Vec<LifecycleRule>, StoreError>) -> Vec<Finding> {
    let rules = match rules {
        Ok(rules) => rules,
        Err(error) => return vec![Finding::untold(Check::Lifecycle, error)],
    };
    let found: Vec<Finding> = rules.iter().filter_map(|rule| strike(settings, rule)).collect();
    match found.is_empty() {
        true => vec![Finding::ok(Check::Lifecycle, "no rule deletes or archives what is live")],
        false => found,
    }
}

/// What a rule does to the location. One that is about a part of it may be meant.
fn strike(settings: &Settings, rule: &LifecycleRule) -> Option<Finding> {
    let location = settings.location.prefix();
    let whole = location.starts_with(&rule.prefix);
    if !(whole || rule.prefix.starts_with(&location)) || !tagged(settings, rule) {
        return None;
    }
    let below = if whole { &location } else { &rule.prefix };
    let place = if below.is_empty() { "in the whole bucket".to_owned() } else { format!("below `{below}`") };
    let (does, age) = match (&rule.deletes, &rule.archives) {
        (Some(age), _) => ("deletes objects".to_owned(), age),
        (None, Some((age, class))) => {
            (format!("moves objects to {class}, where nobody can read them at once,"), age)
        }
        (None, None) => return None,
    };
    let when = match age {
        Age::Days(1) => "1 day after they were put".to_owned(),
        Age::Days(days) => format!("{days} days after they were put"),
        Age::On(date) => format!("from {date} on"),
    };
    let problem = Problem::new(format!("the lifecycle rule `{}` {does} {place} {when}", rule.id))
        .with_note("a push does not put again what is unchanged, however old and live it is")
        .with_hint("limit the rule to another prefix or to a tag, and let `s3collect gc` delete what no release needs");
    Some(if whole {
        Finding::failed(Check::Lifecycle, problem)
    } else {
        Finding::warning(Check::Lifecycle, problem)
    })
}

/// Whether some of our objects have all the tags that a rule asks for.
fn tagged(settings: &Settings, rule: &LifecycleRule) -> bool {
    let objects = &settings.objects;
    let all = [&objects.parameters].into_iter().chain(objects.rules.iter().map(|rule| &rule.parameters));
    let mut ours = all.filter_map(|parameters| parameters.get(Parameter::Tagging));
    let has = |tags: &str, (name, value): &(String, String)| {
        tags.split('&').any(|tag| {
            let (its_name, its_value) = tag.split_once('=').unwrap_or((tag, ""));
            decoded(its_name) == *name && decoded(its_value) == *value
        })
    };
    rule.tags.is_empty() || ours.any(|tags| rule.tags.iter().all(|tag| has(tags, tag)))
}

fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// Whether what is replaced can be had again.
pub(super) fn versioning(versioning: &Result<Versioning, StoreError>) -> Finding {
    match versioning {
        Ok(Versioning::On) => Finding::ok(Check::Versioning, "on: `rollback` finds what was replaced"),
        Ok(Versioning::Off | Versioning::Suspended) => {
            Finding::ok(Check::Versioning, "off: what is replaced under its name is gone")
        }
        Err(error) => Finding::untold(Check::Versioning, error),
    }
}

/// Whether unsigned URLs can be read at all: by an ACL where one makes objects public, or else by a policy.
pub(super) fn public_access(settings: &Settings, block: &Result<PublicAccessBlock, StoreError>) -> Finding {
    let block = match block {
        Ok(block) => block,
        Err(error) => return Finding::untold(Check::PublicAccess, error),
    };
    let by_acl = acl(settings).is_some_and(|acl| PUBLIC.contains(&acl));
    let blocked = if by_acl { block.acls && block.policy } else { block.policy };
    if !blocked {
        return Finding::ok(Check::PublicAccess, "the bucket does not block it");
    }
    let problem =
        Problem::new("URLs are not signed, and Block Public Access keeps everybody from reading them");
    Finding::failed(Check::PublicAccess, problem.with_hint(READABLE))
}

/// The ways out for unsigned URLs of a bucket that is not public.
pub(super) const READABLE: &str =
    "set `custom_domain` to the host of a CDN before the bucket, or `querystring_auth = true`";

/// Whether the bucket takes an ACL, by how it is set up: for those who must not try.
pub(super) fn ownership(settings: &Settings, acls_are_off: &Result<bool, StoreError>) -> Finding {
    let acl = acl(settings).unwrap_or_default();
    match acls_are_off {
        Ok(false) => Finding::ok(Check::Acl, format!("`{acl}` is sent, and the bucket takes ACLs")),
        Ok(true) => {
            let problem = Problem::new(format!("`{acl}` is sent, and the bucket forbids ACLs"));
            Finding::failed(
                Check::Acl,
                problem.with_hint("remove `default_acl`, and `ACL` from `object_parameters`"),
            )
        }
        Err(error) => Finding::untold(Check::Acl, error),
    }
}

/// The ACL that objects are sent with, but for rules.
pub(super) fn acl(settings: &Settings) -> Option<&str> {
    let objects = &settings.objects;
    objects.parameters.get(Parameter::Acl).or(objects.default_acl.as_deref()).filter(|acl| !acl.is_empty())
}
