//! The least IAM policy that lets some verbs run with some settings (`iam-policy`). Every action is asked for by
//! a verb or by a setting, on no more of the bucket than it is about. Pure: may not touch anything.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::settings::{Backend, Settings};

mod arn;
mod demand;
mod error;
#[cfg(test)]
mod tests;
mod verb;

pub use demand::actions;
pub use error::PolicyError;
pub use verb::PolicyVerb;

use arn::Bucket;
use demand::{Demands, Extent};

/// A policy document, as IAM takes it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Policy {
    version: &'static str,
    statement: Vec<Statement>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    effect: &'static str,
    action: Vec<String>,
    resource: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<Condition>,
}

/// Operator → condition key → values.
type Condition = BTreeMap<&'static str, BTreeMap<&'static str, Vec<String>>>;

/// The policy for these settings and verbs.
///
/// # Errors
/// The verbs ask nothing of the bucket, or the bucket is one that this cannot write a policy for.
pub fn policy(settings: &Settings, verbs: &BTreeSet<PolicyVerb>) -> Result<Policy, PolicyError> {
    let bucket = Bucket::of(&settings.connection)?;
    let demands = demand::demands(settings, verbs);
    let mut statement = Vec::new();
    if !demands.listed.is_empty() {
        statement.push(list(settings, &bucket, &demands));
    }
    if demands.configuration {
        statement.push(Statement {
            effect: "Allow",
            action: demand::CONFIGURATION.iter().map(|action| bucket.action(action)).collect(),
            resource: vec![bucket.itself()],
            condition: None,
        });
    }
    statement.extend(objects(settings, &bucket, &demands.actions));
    statement.extend(demand::keys(settings, verbs).map(|keys| encryption(&bucket, &keys)));
    statement.extend(invalidation(settings, &bucket, verbs));
    if statement.is_empty() {
        return Err(PolicyError::NothingNeeded { verbs: verbs.iter().map(|verb| verb.name()).collect() });
    }
    Ok(Policy { version: "2012-10-17", statement })
}

/// The right to list, of what is below the prefixes only.
fn list(settings: &Settings, bucket: &Bucket, demands: &Demands) -> Statement {
    let prefixes: BTreeSet<String> = demands.listed.iter().map(|extent| extent.prefix(settings)).collect();
    let inside =
        |prefix: &String| prefixes.iter().any(|other| other != prefix && prefix.starts_with(other.as_str()));
    let outermost: Vec<String> =
        prefixes.iter().filter(|prefix| !inside(prefix)).map(|prefix| arn::literal(prefix) + "*").collect();
    let everything = outermost == ["*"];
    Statement {
        effect: "Allow",
        action: ["ListBucket"]
            .into_iter()
            .chain(demands.versions.then_some("ListBucketVersions"))
            .map(|action| bucket.action(action))
            .collect(),
        resource: vec![bucket.itself()],
        condition: (!everything)
            .then(|| BTreeMap::from([("StringLike", BTreeMap::from([("s3:prefix", outermost)]))])),
    }
}

/// A statement for each part of the bucket; what a part inherits from a larger one is not said again.
fn objects(
    settings: &Settings,
    bucket: &Bucket,
    actions: &BTreeMap<Extent, BTreeSet<&'static str>>,
) -> Vec<Statement> {
    let prefix = |extent: &Extent| extent.prefix(settings);
    let mut statements = Vec::new();
    for (extent, wanted) in actions {
        let inherited = |action: &&&str| {
            actions.iter().any(|(other, granted)| {
                other < extent && prefix(extent).starts_with(&prefix(other)) && granted.contains(**action)
            })
        };
        let own: Vec<String> =
            wanted.iter().filter(|action| !inherited(action)).map(|action| bucket.action(action)).collect();
        if !own.is_empty() {
            let key = arn::literal(&extent.prefix(settings)) + if extent.is_one_key() { "" } else { "*" };
            statements.push(Statement {
                effect: "Allow",
                action: own,
                resource: vec![bucket.object(&key)],
                condition: None,
            });
        }
    }
    statements
}

/// What S3 asks of KMS in the caller's name. Decrypting is for reads, and for the parts of large uploads.
fn encryption(bucket: &Bucket, keys: &demand::Keys) -> Statement {
    let mut resource: BTreeSet<String> = BTreeSet::new();
    let mut aliases = Vec::new();
    for key in &keys.names {
        match bucket.key(key) {
            arn::Key::Arn(arn) => {
                resource.insert(arn);
            }
            arn::Key::Alias { any, alias } => {
                resource.insert(any);
                aliases.push(alias);
            }
        }
    }
    let actions = if keys.writes { &["kms:Decrypt", "kms:GenerateDataKey"][..] } else { &["kms:Decrypt"] };
    Statement {
        effect: "Allow",
        action: actions.iter().map(|action| (*action).to_owned()).collect(),
        resource: resource.into_iter().collect(),
        condition: (!aliases.is_empty()).then(|| {
            BTreeMap::from([("ForAnyValue:StringEquals", BTreeMap::from([("kms:ResourceAliases", aliases)]))])
        }),
    }
}

/// Telling a distribution what changed, and asking how far it is.
fn invalidation(settings: &Settings, bucket: &Bucket, verbs: &BTreeSet<PolicyVerb>) -> Option<Statement> {
    let changes =
        |verb: &PolicyVerb| matches!(verb, PolicyVerb::Push | PolicyVerb::Rollback | PolicyVerb::Gc);
    let wanted = settings.invalidation.as_ref().filter(|_| verbs.iter().any(changes))?;
    Some(Statement {
        effect: "Allow",
        action: ["CreateInvalidation", "GetInvalidation"].map(|action| format!("cloudfront:{action}")).into(),
        resource: vec![bucket.distribution(&wanted.distribution)],
        condition: None,
    })
}

/// Whether names go through a manifest in the bucket.
fn has_manifest(settings: &Settings) -> bool {
    settings.backend == Backend::S3ManifestStaticStorage && settings.manifest.in_bucket
}
