//! Gets what a rollback puts: bodies into temporary files, and the headers that the release had, as far as anybody
//! knows them.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use md5::{Digest as _, Md5};
use tempfile::TempDir;
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

use crate::collect::{CollectedFile, FileStamp};
use crate::digest::hex;
use crate::encode::Material;
use crate::error::Problem;
use crate::name::{AssetName, NameError, ObjectKey, StoredName};
use crate::object::{self, Compression, Described, Description, NoCompression, Role};
use crate::parameters::{ObjectParameters, Parameter};
use crate::plan::{Action, Asset, Plan, PutReason, SkipReason, Step};
use crate::release::RecordedObject;
use crate::report::Event;
use crate::restore::{BodySource, Move};
use crate::settings::GzipSettings;
use crate::store::{GetAnswer, GetRequest, ListedObject, ListedVersion, ReadCondition, Store};

use super::{Before, NotRestored, RollbackSummary, Run};

/// How many bodies are fetched at once.
const AT_ONCE: usize = 32;

/// A step, and which of its headers nobody knows any more.
struct Ready {
    step: Step,
    unknown: Vec<String>,
}

/// Where a body is.
#[derive(Clone, Copy)]
struct Place<'a> {
    object: &'a ListedObject,
    /// Which of its versions, where it is not the present one.
    version: Option<&'a str>,
}

impl<'a> Place<'a> {
    /// `None` where it is in the record.
    fn of(source: &'a BodySource) -> Option<Self> {
        match source {
            BodySource::Record => None,
            BodySource::Object(object) => Some(Self { object, version: None }),
            BodySource::Version(ListedVersion { id, object }) => Some(Self { object, version: Some(id) }),
        }
    }
}

impl<S: Store + 'static> Run<'_, S> {
    /// The plan of what is put and what stays, with all bodies at hand.
    ///
    /// # Errors
    /// Everything that could not be had; nothing at all where it was interrupted.
    pub(super) async fn plan(
        &self,
        before: &Before,
        directory: &TempDir,
        rolled: &mut RollbackSummary,
    ) -> Result<Plan, Vec<Problem>> {
        let moves = &before.restoration.moves;
        let is_put = |it: &&Move| matches!(it, Move::Put { .. });
        let puts = moves.values().filter(is_put).count() as u64;
        self.reporter.event(&Event::Stage { label: "fetching", files: puts, bytes: 0 });
        let steps = stream::iter(moves.iter().enumerate()).map(|(number, (name, it))| {
            let path = directory.path().join(number.to_string());
            async move { self.step(before, name, it, &path).await }
        });
        let steps: Vec<Result<Option<Ready>, Problem>> =
            steps.buffer_unordered(AT_ONCE).take_until(self.cancel.cancelled()).collect().await;
        self.reporter.event(&Event::StageEnd);
        if self.cancel.is_cancelled() {
            return Err(Vec::new());
        }
        let (mut plan, mut problems) = (Vec::with_capacity(steps.len()), Vec::new());
        for ready in steps {
            match ready {
                Ok(Some(Ready { step, unknown })) => {
                    if !unknown.is_empty() {
                        let name = step.asset.stored_name.to_string();
                        let headers = PutReason::HeadersDiffer(unknown).to_string();
                        let headers = headers.trim_start_matches("headers changed: ");
                        let reason =
                            format!("its body only; nobody knows what these headers were: {headers}");
                        rolled.not_restored.push(NotRestored { name, reason });
                    }
                    plan.push(step);
                }
                Ok(None) => {}
                Err(problem) => problems.push(problem),
            }
        }
        rolled.not_restored.sort_by(|left, right| left.name.cmp(&right.name));
        problems.sort_by(|left, right| left.key.cmp(&right.key));
        if problems.is_empty() { Ok(Plan::new(plan)) } else { Err(problems) }
    }

    /// What becomes of one name; `None` for one that is lost.
    async fn step(
        &self,
        before: &Before,
        name: &str,
        it: &Move,
        path: &Path,
    ) -> Result<Option<Ready>, Problem> {
        let about = |problem: Problem| Problem { name: Some(name.to_owned()), ..problem };
        let wanted = &before.target.objects[name];
        let asset_name = AssetName::new(name).map_err(|error| about(Problem::of(&error)))?;
        let stored_name = StoredName::plain(&asset_name).map_err(|error| about(Problem::of(&error)))?;
        let key = self.settings.location.key(&asset_name).map_err(|error| about(Problem::of(&error)))?;
        let described = self.described(&asset_name, &stored_name, &key, wanted.role);
        let there = before.listing.get(name);
        let (material, description, action, unknown, recorded) = match it {
            Move::Lost(_) | Move::Missing => return Ok(None),
            Move::Stay(object) => {
                let material = Material::Made { name: asset_name, bytes: Bytes::new() };
                (material, described, Action::Skip(SkipReason::Recorded), Vec::new(), Some(object.clone()))
            }
            Move::Put { from: BodySource::Record, reason } => {
                let document = before.target.manifest.as_ref().map(|manifest| manifest.document.clone());
                let bytes = Bytes::from(document.unwrap_or_default());
                let GzipSettings { level, engine, .. } = self.settings.objects.gzip;
                let compression = match wanted.body == wanted.source {
                    true => Compression::None(NoCompression::Off),
                    false => Compression::Gzip { level, engine, if_smaller: false },
                };
                let (parameters, unknown) =
                    self.headers(wanted, &described, &key, None).await.map_err(about)?;
                let description = Description { parameters, compression, ..described };
                (
                    Material::Made { name: asset_name, bytes },
                    description,
                    Action::Put(reason.clone()),
                    unknown,
                    None,
                )
            }
            Move::Put { from, reason } => {
                let place = Place::of(from);
                let (mut parameters, unknown) =
                    self.headers(wanted, &described, &key, place).await.map_err(about)?;
                if wanted.body != wanted.source {
                    parameters.set(Parameter::ContentEncoding, "gzip");
                }
                let compression = Compression::None(NoCompression::Off);
                let description = Description { parameters, compression, ..described };
                let material = match place.filter(|_| !self.options.dry_run) {
                    None => Material::Made { name: asset_name, bytes: Bytes::new() },
                    Some(place) => self.body(asset_name, place, wanted, path).await.map_err(about)?,
                };
                (material, description, Action::Put(reason.clone()), unknown, None)
            }
        };
        let description = Arc::new(description);
        let asset = Asset { material, role: wanted.role, stored_name, key, description };
        let there = there.map(|there| there.etag.clone());
        Ok(Some(Ready { step: Step { asset, action, body: None, there, recorded }, unknown }))
    }

    /// What the settings as they are now say of a name.
    fn described(
        &self,
        name: &AssetName,
        stored_name: &StoredName,
        key: &ObjectKey,
        role: Role,
    ) -> Description {
        let described = Described { name, stored_name, key, role, content_type: None };
        object::describe(&self.settings.objects, described)
    }

    /// The headers that the release had, their values taken from the settings, from what is there and from where the
    /// body is; and the names of those that none of these has, for which the settings stand in.
    async fn headers(
        &self,
        wanted: &RecordedObject,
        described: &Description,
        key: &ObjectKey,
        place: Option<Place<'_>>,
    ) -> Result<(ObjectParameters, Vec<String>), Problem> {
        let ours = &described.parameters;
        let (mut found, mut unknown) = wanted.headers.found_in(&[ours]);
        if !unknown.is_empty() {
            let mut shown = Vec::new();
            let there = Some((key.clone(), None));
            let other = place.map(|place| Ok((ObjectKey::new(place.object.key.clone())?, place.version)));
            let other = other.transpose().map_err(|error: NameError| Problem::of(&error))?;
            for (key, version) in [other, there].into_iter().flatten() {
                let _slot = self.limit.slot().await;
                let head = self.store.head_version(&key, version).await;
                let head = head.map_err(|error| Problem::of(&error))?;
                shown.extend(head.map(|head| head.parameters));
            }
            let candidates: Vec<&ObjectParameters> = [ours].into_iter().chain(&shown).collect();
            (found, unknown) = wanted.headers.found_in(&candidates);
            if !unknown.is_empty()
                && let Some(earlier) = self.earlier(key, wanted).await
            {
                shown.push(earlier);
                let candidates: Vec<&ObjectParameters> = [ours].into_iter().chain(&shown).collect();
                (found, unknown) = wanted.headers.found_in(&candidates);
            }
        }
        for (parameter, value) in ours.iter() {
            let is_unknown = unknown.iter().any(|name| name == parameter.name());
            let unrecorded = parameter.is_secret()
                || matches!(parameter, Parameter::ExpectedBucketOwner | Parameter::RequestPayer);
            if is_unknown || unrecorded {
                found.set(parameter, value);
            }
        }
        Ok((found, unknown))
    }

    /// The headers of the version that the release stored, where the bucket keeps versions and shows them.
    async fn earlier(&self, key: &ObjectKey, wanted: &RecordedObject) -> Option<ObjectParameters> {
        let _slot = self.limit.slot().await;
        let version = version_of(wanted, self.store.versions(key).await.ok()?)?;
        let head = self.store.head_version(key, Some(&version.id)).await.ok()??;
        Some(head.parameters)
    }

    /// Fetches a body into a file.
    async fn body(
        &self,
        name: AssetName,
        place: Place<'_>,
        wanted: &RecordedObject,
        path: &Path,
    ) -> Result<Material, Problem> {
        let Place { object, version } = place;
        let key = ObjectKey::new(object.key.clone()).map_err(|error| Problem::of(&error))?;
        let _slot = self.limit.slot().await;
        let request = GetRequest {
            condition: Some(ReadCondition::Matches(object.etag.clone())),
            version: version.map(str::to_owned),
            ..GetRequest::whole(key.clone())
        };
        let changed = || {
            Problem {
                key: Some(key.to_string()),
                ..Problem::new(format!("`{key}` was changed while it was read"))
            }
            .with_hint("roll back again")
        };
        let GetAnswer::Object(mut download) =
            self.store.get(&request).await.map_err(|error| Problem::of(&error))?
        else {
            return Err(changed());
        };
        let unwritten = |error: &io::Error| super::no_room(error);
        let mut file = File::create(path).await.map_err(|error| unwritten(&error))?;
        let mut digest = Md5::new();
        while let Some(piece) = download.pieces.next().await {
            let piece = piece.map_err(|error| Problem::of(&error))?;
            digest.update(&piece);
            file.write_all(&piece).await.map_err(|error| unwritten(&error))?;
        }
        file.flush().await.map_err(|error| unwritten(&error))?;
        if hex(&digest.finalize()) != wanted.body {
            return Err(changed());
        }
        let metadata = file.metadata().await.map_err(|error| unwritten(&error))?;
        self.reporter.event(&Event::Progress { files: 1, bytes: 0 });
        Ok(Material::File(CollectedFile {
            name,
            path: path.to_owned(),
            source: 0,
            stamp: FileStamp::of(&metadata),
        }))
    }
}

/// The version that a release stored. The same body may have been put again with other headers, at another time.
pub(super) fn version_of(wanted: &RecordedObject, versions: Vec<ListedVersion>) -> Option<ListedVersion> {
    let put_at = SystemTime::UNIX_EPOCH + Duration::from_secs(wanted.put_at);
    let apart = |version: &ListedVersion| {
        let written = version.object.last_modified.unwrap_or(SystemTime::UNIX_EPOCH);
        written.duration_since(put_at).unwrap_or_else(|before| before.duration())
    };
    let is_it =
        |version: &ListedVersion| version.object.etag == wanted.etag && version.object.size == wanted.size;
    versions.into_iter().filter(is_it).min_by_key(apart)
}

/// The parameters of a step without the encoding that came with its body.
pub(super) fn unencoded(step: &Step, wanted: &RecordedObject) -> ObjectParameters {
    let mut parameters = step.asset.description.parameters.clone();
    if wanted.body != wanted.source {
        parameters.unset(Parameter::ContentEncoding);
    }
    parameters
}
