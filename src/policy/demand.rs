//! What each verb, and each setting, asks of which part of the bucket.

use std::collections::{BTreeMap, BTreeSet};

use super::{PolicyVerb, has_manifest};
use crate::ledger::HOME;
use crate::parameters::{ObjectParameters, Parameter};
use crate::settings::Settings;
use crate::store::{Operation, permissions};

/// A part of the bucket. A part comes after those that may hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Extent {
    /// Everything below the location.
    Location,
    /// The records of releases.
    Records,
    /// The manifest alone.
    Manifest,
}

impl Extent {
    /// What its keys begin with; the whole of it for one key.
    pub(super) fn prefix(self, settings: &Settings) -> String {
        let location = settings.location.prefix();
        match self {
            Self::Location => location,
            Self::Records => match &settings.releases.prefix {
                Some(prefix) => prefix.prefix(),
                None => location + HOME,
            },
            Self::Manifest => location + settings.manifest.manifest_name.as_str(),
        }
    }

    /// Whether it is one key, not what is below a prefix.
    pub(super) fn is_one_key(self) -> bool {
        self == Self::Manifest
    }
}

/// All that is asked of the bucket.
#[derive(Debug, Default)]
pub(super) struct Demands {
    /// What is listed.
    pub(super) listed: BTreeSet<Extent>,
    /// Whether earlier versions of objects are listed, too.
    pub(super) versions: bool,
    /// Whether it is asked how the bucket is set up.
    pub(super) configuration: bool,
    /// Actions on objects, by part.
    pub(super) actions: BTreeMap<Extent, BTreeSet<&'static str>>,
}

impl Demands {
    fn add(&mut self, extent: Extent, actions: impl IntoIterator<Item = &'static str>) {
        self.actions.entry(extent).or_default().extend(actions);
    }
}

/// What tells how a bucket is set up.
pub(super) const CONFIGURATION: [&str; 5] = [
    "GetBucketCORS",
    "GetBucketOwnershipControls",
    "GetBucketPublicAccessBlock",
    "GetBucketVersioning",
    "GetLifecycleConfiguration",
];

/// All actions on the bucket and its objects that verbs need, without the `s3:` before them.
#[must_use]
pub fn actions(settings: &Settings, verbs: &BTreeSet<PolicyVerb>) -> BTreeSet<&'static str> {
    let demands = demands(settings, verbs);
    let lists = (!demands.listed.is_empty()).then_some("ListBucket");
    let versions = demands.versions.then_some("ListBucketVersions");
    demands.actions.into_values().flatten().chain(lists).chain(versions).collect()
}

/// What the verbs ask for. HEAD is `GetObject`; a missing object shows as missing only to who may list.
pub(super) fn demands(settings: &Settings, verbs: &BTreeSet<PolicyVerb>) -> Demands {
    let mut demands = Demands::default();
    for verb in verbs {
        match verb {
            PolicyVerb::Push | PolicyVerb::Rollback => {
                demands.listed.insert(Extent::Location);
                demands.add(Extent::Location, ["GetObject"]);
                demands.add(Extent::Location, writes(settings));
                if *verb == PolicyVerb::Rollback {
                    demands.versions = true;
                    demands.add(Extent::Location, ["GetObjectVersion"]);
                }
                if settings.releases.record || *verb == PolicyVerb::Rollback {
                    demands.listed.insert(Extent::Records);
                    demands.add(Extent::Records, ["GetObject", "PutObject"]);
                }
            }
            PolicyVerb::Put => {
                demands.listed.insert(Extent::Location);
                demands.add(Extent::Location, ["GetObject"]);
                demands.add(Extent::Location, writes(settings));
            }
            PolicyVerb::Verify => {
                demands.listed.extend([Extent::Location, Extent::Records]);
                demands.add(Extent::Location, ["GetObject"]);
                demands.add(Extent::Records, ["GetObject"]);
            }
            PolicyVerb::Gc => {
                demands.listed.extend([Extent::Location, Extent::Records]);
                demands.add(Extent::Location, ["DeleteObject", "GetObject"]);
                demands.add(Extent::Records, ["DeleteObject", "GetObject", "PutObject"]);
            }
            PolicyVerb::Releases => {
                demands.listed.insert(Extent::Records);
                demands.add(Extent::Records, ["GetObject"]);
            }
            PolicyVerb::Doctor => {
                demands.configuration = true;
                demands.listed.insert(Extent::Location);
                demands.add(Extent::Location, ["DeleteObject", "GetObject"]);
                demands.add(Extent::Location, writes(settings));
                if settings.releases.prefix.is_some() {
                    demands.add(Extent::Records, ["DeleteObject", "PutObject"]);
                }
            }
            PolicyVerb::Url => url(settings, &mut demands),
            PolicyVerb::Ls => {
                demands.listed.insert(Extent::Location);
            }
            PolicyVerb::Stat | PolicyVerb::Exists | PolicyVerb::Cat | PolicyVerb::Get => {
                demands.listed.insert(Extent::Location);
                demands.add(Extent::Location, ["GetObject"]);
            }
            PolicyVerb::Rm => demands.add(Extent::Location, ["DeleteObject"]),
        }
    }
    demands
}

/// Who signs a URL lends its own right to read.
fn url(settings: &Settings, demands: &mut Demands) {
    if has_manifest(settings) {
        demands.add(Extent::Manifest, ["GetObject"]);
    }
    if presigns(settings) {
        demands.add(Extent::Location, ["GetObject"]);
    }
}

/// Whether URLs are signed with the keys of S3. A custom domain is not S3's, or has keys of its own.
fn presigns(settings: &Settings) -> bool {
    settings.url.querystring_auth && settings.url.custom_domain.is_none()
}

/// What a put of an asset takes. Large ones travel in parts, which are thrown away where the upload fails.
fn writes(settings: &Settings) -> BTreeSet<&'static str> {
    let mut actions = BTreeSet::from(["AbortMultipartUpload", "PutObject"]);
    if settings.objects.default_acl.is_some() {
        actions.insert("PutObjectAcl");
    }
    for parameters in parameters(settings) {
        let needed = permissions(Operation::PutObject, parameters);
        // What KMS wants is asked of the keys, not of the bucket.
        actions.extend(needed.into_iter().filter_map(|permission| permission.strip_prefix("s3:")));
    }
    actions
}

fn parameters(settings: &Settings) -> impl Iterator<Item = &ObjectParameters> {
    let objects = &settings.objects;
    [&objects.parameters].into_iter().chain(objects.rules.iter().map(|rule| &rule.parameters))
}

/// Keys of KMS, and what is done with them.
pub(super) struct Keys {
    /// As `SSEKMSKeyId` has them.
    pub(super) names: BTreeSet<String>,
    /// Whether anything is stored with them.
    pub(super) writes: bool,
}

/// The keys that the settings name, where a verb reads or stores bodies. AWS's own key needs no permission.
pub(super) fn keys(settings: &Settings, verbs: &BTreeSet<PolicyVerb>) -> Option<Keys> {
    let names: BTreeSet<String> = parameters(settings)
        .filter_map(|parameters| parameters.get(Parameter::SseKmsKeyId))
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    let writes = verbs.iter().any(|verb| {
        matches!(
            verb,
            PolicyVerb::Push | PolicyVerb::Rollback | PolicyVerb::Put | PolicyVerb::Gc | PolicyVerb::Doctor
        )
    });
    let reads = verbs.iter().any(|verb| match verb {
        PolicyVerb::Verify | PolicyVerb::Releases | PolicyVerb::Cat | PolicyVerb::Get => true,
        PolicyVerb::Url => presigns(settings) || has_manifest(settings),
        _ => false,
    });
    (!names.is_empty() && (writes || reads)).then_some(Keys { names, writes })
}
