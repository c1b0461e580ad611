//! The verb `doctor`: looks at everything that a deploy stands on, and says of each thing how it is and what to do.
//! What answers mean is decided in rooms of its own, which are pure; here is asked, through the one door. May change
//! nothing in the bucket but objects of its own, which it removes.

use std::collections::BTreeSet;
use std::time::{Instant as Stopwatch, SystemTime};

use http::Method;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::error::Problem;
use crate::ledger::HOME;
use crate::policy::PolicyVerb;
use crate::settings::{Backend, Settings};
use crate::store::retry::Retrying;
use crate::store::s3::{S3Store, Visited, identity, visit};
use crate::store::{CorsRule, ListPage, Store, StoreError};
use crate::url::{Instant, UrlRequest};
use crate::urls::UrlSource;

mod configuration;
mod finding;
mod permission;
mod scratch;
mod serving;
mod summary;
#[cfg(test)]
mod tests;
mod way;

pub use finding::{Check, Finding, State};
pub use summary::DoctorSummary;

use permission::Needed;
use scratch::{Scratch, Stored};
use serving::Seen;
use summary::UNTIL_THEN;
use way::{Dates, Way};

/// For how many seconds the URLs of an examination are good.
const LOOK: u64 = 300;

/// What an examination is asked for besides its settings.
#[derive(Debug, Clone)]
pub struct DoctorOptions {
    /// The verbs that shall run.
    pub verbs: BTreeSet<PolicyVerb>,
    /// Make no objects.
    pub read_only: bool,
    /// The origin of pages that load fonts and modules.
    pub origin: Option<String>,
}

/// Where settings come from, as far as it is told.
#[derive(Debug, Clone, Default)]
pub struct SettingsSource {
    /// How many settings were given.
    pub given: usize,
    /// The file, where there is one.
    pub file: Option<String>,
    /// What gives the access key, where the settings have one.
    pub access_key: Option<String>,
    /// What is odd about them.
    pub warnings: Vec<Problem>,
}

/// One run.
struct Examination<'a> {
    settings: &'a Settings,
    options: &'a DoctorOptions,
    store: Retrying<S3Store>,
    needed: Needed,
    /// Opened once it is needed: keys may take their time.
    urls: OnceCell<UrlSource>,
}

/// Examines what settings name.
pub async fn doctor(
    settings: &Settings,
    source: &SettingsSource,
    options: &DoctorOptions,
    store: S3Store,
    cancel: CancellationToken,
) -> DoctorSummary {
    let begun = Stopwatch::now();
    let mut summary = DoctorSummary::of(settings);
    (summary.endpoint, summary.region) = (Some(store.endpoint().to_owned()), Some(store.region().to_owned()));
    summary.checks = source.findings();
    let store = Retrying::with_attempts(store, settings.connection.client.attempts, |_| {});
    let needed = Needed::by(settings, &options.verbs);
    let examination = Examination { settings, options, store, needed, urls: OnceCell::new() };
    let goes_on = tokio::select! {
        listed = examination.way(source, &mut summary) => listed,
        () = cancel.cancelled() => None,
    };
    if let Some(listed) = goes_on {
        examination.bucket(&listed, &mut summary, &cancel).await;
    }
    summary.interrupted = cancel.is_cancelled();
    summary.requests = examination.store.requests();
    summary.elapsed_seconds = begun.elapsed().as_secs_f64();
    summary.settled()
}

impl SettingsSource {
    fn findings(&self) -> Vec<Finding> {
        let warnings = self.warnings.iter().cloned();
        let mut findings: Vec<Finding> =
            warnings.map(|warning| Finding::warning(Check::Settings, warning)).collect();
        if findings.is_empty() {
            let file =
                self.file.as_ref().map_or_else(|| "no settings file".to_owned(), |file| format!("`{file}`"));
            findings.push(Finding::ok(Check::Settings, format!("{} set, {file}", self.given)));
        }
        findings
    }
}

impl Examination<'_> {
    fn is_local(&self) -> bool {
        self.settings.connection.local.is_some()
    }

    /// Looks at who asks and whether the bucket answers; the listing of the location where more can be asked.
    async fn way(&self, source: &SettingsSource, summary: &mut DoctorSummary) -> Option<Option<ListPage>> {
        let connection = &self.settings.connection;
        let who = match self.is_local() {
            true => None,
            false => match identity(connection).await {
                Ok(who) => Some(who),
                Err(error) => {
                    let kind = &error.kind;
                    let check = if way::is_on_the_way(kind) { Check::Endpoint } else { Check::Credentials };
                    summary.checks.push(Finding::failed(check, Problem::of(&error)));
                    summary.note = Some(UNTIL_THEN.to_owned());
                    return None;
                }
            },
        };
        let listed = self.store.list(&self.settings.location.prefix(), None).await;
        let unsigned = if self.is_local() { None } else { self.unsigned().await };
        let (dates, visited) = unsigned.unzip();
        let way = Way {
            bucket: &connection.bucket,
            endpoint: self.store.inner().endpoint(),
            region: self.store.inner().region(),
            listed: listed.as_ref().map(|_| ()),
            dates: dates.flatten(),
            actual_region: visited.as_ref().and_then(|visited| visited.header("x-amz-bucket-region")),
        };
        let (findings, goes_on) = way::judge(&way);
        let known = findings.iter().all(|finding| finding.check != Check::Credentials);
        if let Some(who) = who.filter(|_| known) {
            summary.checks.push(way::credentials(&who, source.access_key.as_deref()));
            summary.checks.extend(way::expiry(&self.settings.url, &who, Instant::from(now())));
        }
        // An endpoint in this process has no address that lasts, no region, and this machine's clock.
        let told = |finding: &Finding| {
            !(self.is_local() && matches!(finding.check, Check::Endpoint | Check::Clock | Check::Region))
        };
        summary.checks.extend(findings.into_iter().filter(told));
        if goes_on {
            return Some(listed.ok());
        }
        summary.note = Some(UNTIL_THEN.to_owned());
        None
    }

    /// Asks for the bucket as nobody: whatever the answer is, it has a date, and at AWS the bucket's region.
    async fn unsigned(&self) -> Option<(Option<Dates>, Visited)> {
        let Settings { connection, .. } = self.settings;
        let url = format!("{}/{}", self.store.inner().endpoint(), crate::url::quoted(&connection.bucket));
        let visited = visit(connection, Method::HEAD, &url, &[]).await.ok()?;
        let theirs = visited.header("date").and_then(|date| httpdate::parse_http_date(date).ok());
        Some((theirs.map(|theirs| Dates { ours: now(), theirs }), visited))
    }

    /// Looks at the bucket itself: how it is set up, what may be done with it, what others get of it.
    async fn bucket(
        &self,
        listed: &Option<ListPage>,
        summary: &mut DoctorSummary,
        cancel: &CancellationToken,
    ) {
        let rules = if self.is_local() { Vec::new() } else { self.configuration(summary).await };
        if self.options.read_only || !self.needed.put {
            self.looking(listed.as_ref(), &rules, summary).await;
            return;
        }
        let mut scratch = match Scratch::new(self.settings, &self.store) {
            Ok(scratch) => scratch,
            Err(error) => {
                summary.checks.push(Finding::failed(Check::Put, Problem::of(&error)));
                return;
            }
        };
        tokio::select! {
            () = self.trying(&mut scratch, &rules, summary) => {}
            () = cancel.cancelled() => {}
        }
        let (removed, left) = scratch.remove().await;
        summary.checks.push(permission::delete(&removed, self.needed.delete));
        summary.left = left;
    }

    /// How the bucket is set up, as far as these settings care; its CORS rules are for later.
    async fn configuration(&self, summary: &mut DoctorSummary) -> Vec<CorsRule> {
        let store = self.store.inner();
        let checks = &mut summary.checks;
        checks.push(configuration::versioning(&store.versioning().await));
        checks.extend(configuration::lifecycle(self.settings, &store.lifecycle_rules().await));
        let url = &self.settings.url;
        if !url.querystring_auth && url.custom_domain.is_none() {
            checks.push(configuration::public_access(self.settings, &store.public_access_block().await));
        }
        if self.options.read_only && configuration::acl(self.settings).is_some() {
            checks.push(configuration::ownership(self.settings, &store.acls_are_off().await));
        }
        store.cors_rules().await.unwrap_or_default()
    }

    /// Without objects of our own: somebody else's, if there is any.
    async fn looking(&self, listed: Option<&ListPage>, rules: &[CorsRule], summary: &mut DoctorSummary) {
        let prefix = self.settings.location.prefix();
        let names = listed.into_iter().flat_map(|page| &page.objects);
        let mut names = names.filter_map(|object| object.key.strip_prefix(&prefix));
        let Some(name) = names.find(|name| !name.starts_with(HOME) && !name.ends_with('/')) else { return };
        if let Ok(key) = crate::name::ObjectKey::new(format!("{prefix}{name}")) {
            summary.checks.push(permission::read(&self.store.head(&key).await));
        }
        if !self.is_local() {
            summary.checks.extend(self.served(name, None, rules).await);
        }
    }

    /// With objects of our own.
    async fn trying(
        &self,
        scratch: &mut Scratch<'_, Retrying<S3Store>>,
        rules: &[CorsRule],
        summary: &mut DoctorSummary,
    ) {
        summary.checks.extend(scratch.prove(&self.needed).await);
        let Some((name, stored)) = scratch.asset().filter(|_| !self.is_local()) else { return };
        let served = self.served(name.as_str(), Some(stored), rules).await;
        let is_served =
            served.iter().all(|finding| finding.state != State::Failed || finding.check != Check::Urls);
        summary.checks.extend(served);
        let Settings { backend, manifest, url, .. } = self.settings;
        let has_manifest = *backend == Backend::S3ManifestStaticStorage && manifest.in_bucket;
        if is_served && has_manifest && url.custom_domain.is_some() {
            summary.checks.push(
                self.replaced(scratch)
                    .await
                    .unwrap_or_else(|problem| Finding::unknown(Check::ManifestCache, problem)),
            );
        }
    }

    /// What whoever has its URL gets of an object.
    async fn served(&self, name: &str, stored: Option<&Stored>, rules: &[CorsRule]) -> Vec<Finding> {
        let origin = serving::origin(self.options.origin.as_deref(), rules);
        let (url, answer) =
            match self.get(name, &[("origin", &origin), ("accept-encoding", "gzip, br")]).await {
                Ok((url, Ok(answer))) => (url, answer),
                Ok((_, Err(error))) => return vec![serving::unanswered(self.settings, &error)],
                Err(problem) => return vec![Finding::failed(Check::Urls, problem)],
            };
        let seen = Seen { settings: self.settings, url: &url, answer: &answer, stored };
        let mut findings = vec![serving::urls(&seen)];
        if seen.is_right() {
            findings.push(serving::cors(&seen, &origin, self.options.origin.is_some(), rules));
            findings.extend(stored.and_then(|stored| serving::compression(&seen, stored)));
        }
        findings
    }

    /// Publishes a manifest under the eyes of the custom domain, and another one in its place.
    async fn replaced(&self, scratch: &mut Scratch<'_, Retrying<S3Store>>) -> Result<Finding, Problem> {
        let (name, _) = scratch.put_manifest(1).await?;
        let name = name.to_string();
        self.get(&name, &[]).await?.1?;
        let (_, stored) = scratch.put_manifest(2).await?;
        let (url, answer) = self.get(&name, &[]).await?;
        let answer = answer?;
        let seen = Seen { settings: self.settings, url: &url, answer: &answer, stored: Some(stored) };
        Ok(serving::manifest_cache(&seen, stored))
    }

    /// Asks for an object by its URL; gives that without what signs it.
    ///
    /// # Errors
    /// There is no such URL, for want of keys for instance.
    async fn get(
        &self,
        name: &str,
        headers: &[(&str, &str)],
    ) -> Result<(String, Result<Visited, StoreError>), Problem> {
        let source = self.urls.get_or_try_init(|| UrlSource::open(self.settings)).await?;
        let request = UrlRequest { expire: Some(LOOK), ..UrlRequest::at(Instant::from(now())) };
        let url = source.urls()?.url(name, &request)?.url;
        let answer = visit(&self.settings.connection, Method::GET, &url, headers).await;
        Ok((url.split('?').next().unwrap_or_default().to_owned(), answer))
    }
}

#[expect(clippy::disallowed_methods, reason = "whether this is the time is what is looked at")]
fn now() -> SystemTime {
    SystemTime::now()
}
