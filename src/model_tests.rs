//! Random pushes, rollbacks, cleanings, kills and edits by others, held against a model of the bucket: what a kept release
//! needs is never missing, what somebody else stored is never deleted, and whatever a kill leaves, the next push ends like one
//! that nobody disturbed. `S3COLLECT_CASES=5000 cargo test --lib model_tests` asks for more of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use tokio::runtime::Builder;
use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::gc::{GcOptions, gc};
use crate::ledger::Ledger;
use crate::manifest::Manifest;
use crate::name::{AppName, AssetName};
use crate::object::Role;
use crate::parameters::{ObjectParameters, Parameter};
use crate::prepare::prepare;
use crate::push::{PushOptions, push};
use crate::release::Record;
use crate::report::Silent;
use crate::rollback::{RollbackOptions, rollback};
use crate::settings::{Backend, Settings};
use crate::store::Store as _;
use crate::store::memory::StoredObject;
use crate::testing::{Site, Watched};
use crate::verify::{VerifyOptions, verify};

/// Releases of an app that are kept.
const RETAIN: u64 = 2;
/// How long what nobody names any more is kept.
const MIN_AGE: Duration = Duration::from_secs(3600);

/// Something that happens.
#[derive(Debug, Clone)]
enum Act {
    /// An app pushes a tree; the numbers are the contents of its files, `None` for one that is not there.
    Push { app: usize, tree: [Option<u8>; 4], cached: bool },
    /// An app goes back to a release, counted from the last.
    Rollback { app: usize, back: usize },
    /// An app cleans up.
    Gc { app: usize },
    /// Somebody stores an object that no app has.
    Foreign { name: u8, body: u8 },
    /// Somebody replaces an object of an app, by its place among all keys.
    Replace { place: usize, body: u8 },
    /// Somebody deletes an object of an app.
    Delete { place: usize },
    /// Time goes by.
    Wait { minutes: u8 },
}

/// An act, and after how many requests whoever does it is killed.
type Step = (Act, Option<u64>);

fn act() -> impl Strategy<Value = Act> {
    let app = 0..2_usize;
    let tree = prop::array::uniform4(prop::option::weighted(0.8, 0..3_u8));
    prop_oneof![
        6 => (app.clone(), tree, any::<bool>()).prop_map(|(app, tree, cached)| Act::Push { app, tree, cached }),
        2 => (app.clone(), 0..3_usize).prop_map(|(app, back)| Act::Rollback { app, back }),
        3 => app.prop_map(|app| Act::Gc { app }),
        1 => (0..3_u8, 0..3_u8).prop_map(|(name, body)| Act::Foreign { name, body }),
        1 => (0..64_usize, 0..3_u8).prop_map(|(place, body)| Act::Replace { place, body }),
        1 => (0..64_usize).prop_map(|place| Act::Delete { place }),
        3 => (1..120_u8).prop_map(|minutes| Act::Wait { minutes }),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((act(), prop::option::weighted(0.3, 1..40_u64)), 1..16)
}

/// One of the two apps that share the location: `a`, with hashed names and a manifest, and `b`, which has a manifest of its own.
struct App {
    site: Site,
    settings: Settings,
}

impl App {
    fn new(name: &str) -> Self {
        let site = Site::new(&[(&format!("{name}/always.txt"), b"always")]);
        let mut settings = Settings { backend: Backend::S3ManifestStaticStorage, ..site.settings() };
        settings.releases.record = true;
        settings.releases.app = AppName::new(name).expect("a name");
        settings.releases.retain = RETAIN;
        settings.releases.min_age = MIN_AGE;
        settings.manifest.manifest_name = AssetName::new(format!("{name}.json")).expect("a name");
        Self { site, settings }
    }

    fn name(&self) -> &str {
        self.settings.releases.app.as_str()
    }

    /// Lays the tree out. The file `shared.txt` is that of both apps, so that they share a hashed name; of the other
    /// files one refers to another.
    fn lay(&mut self, tree: [Option<u8>; 4], cached: bool) {
        let [one, two, page, shared] = tree;
        let name = self.name().to_owned();
        let place = |file: &str| format!("{name}/{file}");
        let files = [
            (place("one.txt"), one.map(|one| format!("{one}"))),
            (place("two.css"), two.zip(one).map(|(two, _)| format!("a{{b:url(one.txt)}} {two}"))),
            (place("page.html"), page.map(|page| format!("<p>{page}"))),
            ("shared.txt".to_owned(), shared.map(|_| "shared".to_owned())),
        ];
        for (file, body) in files {
            match body {
                Some(body) => self.site.write(&file, body.as_bytes()),
                None if self.site.path(&file).exists() => self.site.remove(&file),
                None => {}
            }
        }
        let cache = if cached { "max-age=60" } else { "max-age=5" };
        self.settings.objects.parameters.set(Parameter::CacheControl, cache);
    }
}

/// The bucket, and what is known of it.
struct World {
    store: Watched,
    /// How many requests are left before whoever is at work is killed.
    left: Arc<AtomicU64>,
    killed: Arc<Notify>,
    apps: [App; 2],
    /// Keys that somebody else deleted or replaced; a push that names them repairs them.
    damaged: BTreeSet<String>,
    /// What somebody else stored under names that no app has.
    foreign: BTreeMap<String, StoredObject>,
}

/// What somebody who was asked to did.
enum Done {
    /// It came to its end; whether all went well.
    Ended(bool),
    Killed,
}

impl World {
    fn new() -> Self {
        let (left, killed) = (Arc::new(AtomicU64::new(u64::MAX)), Arc::new(Notify::new()));
        let store = Watched::hooked({
            let (left, killed) = (Arc::clone(&left), Arc::clone(&killed));
            move |_, _| {
                if left.fetch_sub(1, Ordering::Relaxed) == 1 {
                    killed.notify_one();
                }
            }
        });
        let apps = [App::new("a"), App::new("b")];
        Self { store, left, killed, apps, damaged: BTreeSet::new(), foreign: BTreeMap::new() }
    }

    /// Runs to its end, or until so many requests were answered.
    async fn run(&self, kill: Option<u64>, work: impl Future<Output = bool>) -> Done {
        self.left.store(kill.unwrap_or(u64::MAX), Ordering::Relaxed);
        let done = tokio::select! {
            biased;
            () = self.killed.notified() => Done::Killed,
            ok = work => Done::Ended(ok),
        };
        self.left.store(u64::MAX, Ordering::Relaxed);
        // Tasks that were dropped are gone at their next turn; and what is put again within seconds looks the same.
        sleep(Duration::from_secs(10)).await;
        done
    }

    fn objects(&self) -> BTreeMap<String, StoredObject> {
        let mut objects = self.store.memory().objects();
        objects.retain(|key, _| !key.contains("/.s3collect/"));
        objects
    }

    async fn push(&self, app: &App, kill: Option<u64>) -> Done {
        let prepared = prepare(&app.settings, None).expect("assets");
        let push = push(
            &app.settings,
            PushOptions::default(),
            prepared,
            self.store.clone(),
            Arc::new(Silent),
            CancellationToken::new(),
        );
        self.run(kill, async { push.await.ok }).await
    }

    async fn ledger(&self, app: &App) -> Ledger<Watched> {
        Ledger::new(&app.settings, Arc::new(self.store.clone())).expect("a ledger")
    }

    /// The releases of an app that are kept by what the bucket says: the newest, and the published one; the latter first.
    async fn kept(&self, app: &App) -> Vec<Record> {
        let ledger = self.ledger(app).await;
        let published = ledger.pointer().await.expect("a pointer").pointer.published.map(|live| live.id);
        let mut kept = Vec::new();
        for (number, listed) in ledger.records().await.expect("records").into_iter().enumerate() {
            let is_published = Some(&listed.id) == published.as_ref();
            if (number as u64) < RETAIN || is_published {
                let record = ledger.record(&listed.id).await.expect("a record").expect("it is listed");
                let place = if is_published { 0 } else { kept.len() };
                kept.insert(place, record);
            }
        }
        kept
    }

    /// What must hold whatever happened.
    async fn check(&self) -> TestCaseResult {
        let objects = self.objects();
        for (key, object) in &self.foreign {
            prop_assert_eq!(objects.get(key), Some(object), "{} is somebody else's", key);
        }
        for app in &self.apps {
            for record in self.kept(app).await {
                for (name, recorded) in &record.objects {
                    let key = format!("static/{name}");
                    if self.damaged.contains(&key) {
                        continue;
                    }
                    let there = objects.get(&key);
                    prop_assert!(
                        there.is_some(),
                        "{} of release {} of {} is missing",
                        key,
                        record.id,
                        app.name()
                    );
                    let same = there.is_some_and(|there| there.etag == recorded.etag);
                    prop_assert!(recorded.role != Role::Hashed || same, "{} is another one", key);
                }
            }
            // Whoever follows the manifest finds everything.
            let manifest = format!("static/{}.json", app.name());
            let Some(object) = objects.get(&manifest).filter(|_| !self.damaged.contains(&manifest)) else {
                continue;
            };
            for stored_name in Manifest::parse(&object.body).expect("a manifest").paths().values() {
                let key = format!("static/{stored_name}");
                prop_assert!(objects.contains_key(&key) || self.damaged.contains(&key), "{} is missing", key);
            }
        }
        Ok(())
    }

    /// What holds after a push that ended well: all that it has is there, as if nobody had ever been in its way.
    async fn check_pushed(&mut self, app: usize) -> TestCaseResult {
        let app = &self.apps[app];
        let undisturbed = World { apps: [App::new("a"), App::new("b")], ..World::new() };
        let ended = undisturbed.push(app, None).await;
        prop_assert!(matches!(ended, Done::Ended(true)));
        let objects = self.objects();
        for (key, object) in undisturbed.objects() {
            prop_assert_eq!(objects.get(&key), Some(&object), "{}", key);
            self.damaged.remove(&key);
        }
        let options = VerifyOptions { deep: true, strict: false };
        let verified =
            verify(&app.settings, options, self.store.clone(), &Silent, CancellationToken::new()).await;
        prop_assert!(verified.ok, "{:?} {:?}", verified.steps, verified.errors);
        Ok(())
    }

    async fn act(&mut self, act: Act, kill: Option<u64>) -> TestCaseResult {
        let before = self.objects();
        match act {
            Act::Push { app, tree, cached } => {
                self.apps[app].lay(tree, cached);
                let done = self.push(&self.apps[app], kill).await;
                if matches!(done, Done::Killed) {
                    self.check().await?;
                    sleep(self.apps[app].settings.releases.claim_timeout).await;
                }
                // A file of the other app's may have been damaged in between; a push has no errors for that.
                let again = match done {
                    Done::Ended(ok) => Done::Ended(ok),
                    Done::Killed => self.push(&self.apps[app], None).await,
                };
                prop_assert!(matches!(again, Done::Ended(true)), "a push fails");
                self.check_pushed(app).await?;
            }
            Act::Rollback { app, back } => {
                let app = &self.apps[app];
                let records = self.ledger(app).await.records().await.expect("records");
                let Some(id) = records.get(back).map(|record| record.id.to_string()) else { return Ok(()) };
                let options = RollbackOptions { release: Some(id), ..RollbackOptions::default() };
                let (reporter, cancel) = (Arc::new(Silent), CancellationToken::new());
                let rollback = rollback(&app.settings, options, self.store.clone(), reporter, cancel);
                // It may refuse: what somebody deleted cannot come back.
                if let Done::Killed = self.run(kill, async { rollback.await.summary.ok }).await {
                    sleep(app.settings.releases.claim_timeout).await;
                }
            }
            Act::Gc { app } => {
                let options = GcOptions { delete: true, allow_drop: true, ..GcOptions::default() };
                let (reporter, cancel) = (Arc::new(Silent), CancellationToken::new());
                let gc = gc(&self.apps[app].settings, options, self.store.clone(), reporter, cancel);
                if let Done::Killed = self.run(kill, async { gc.await.ok }).await {
                    sleep(self.apps[app].settings.releases.claim_timeout).await;
                }
                let after = self.objects();
                let gone = before.keys().filter(|key| !after.contains_key(*key));
                for key in gone {
                    prop_assert!(!self.damaged.contains(key), "{} was somebody else's", key);
                }
            }
            Act::Foreign { name, body } => {
                let key = format!("static/foreign/{name}");
                self.store.memory().insert(&key, vec![body], ObjectParameters::default());
                let object = self.store.memory().objects()[&key].clone();
                self.foreign.insert(key, object);
            }
            Act::Replace { place, body } => {
                if let Some(key) = self.owned(&before, place) {
                    // An object of the same size and body is the same to everybody.
                    self.store.memory().insert(&key, format!("other {body}"), ObjectParameters::default());
                    self.damaged.insert(key);
                }
            }
            Act::Delete { place } => {
                if let Some(key) = self.owned(&before, place) {
                    let object = crate::name::ObjectKey::new(key.clone()).expect("a key");
                    self.store.memory().delete(&[object]).await.expect("an answer");
                    self.damaged.insert(key);
                }
            }
            Act::Wait { minutes } => sleep(Duration::from_secs(u64::from(minutes) * 60)).await,
        }
        self.check().await
    }

    /// A key of one of the apps.
    fn owned(&self, objects: &BTreeMap<String, StoredObject>, place: usize) -> Option<String> {
        let owned: Vec<&String> = objects.keys().filter(|key| !self.foreign.contains_key(*key)).collect();
        (!owned.is_empty()).then(|| owned[place % owned.len()].clone())
    }
}

fn cases() -> u32 {
    // A door to the environment: how much is asked for is no setting of the product.
    #[expect(clippy::disallowed_methods, reason = "an opt-in of the test itself")]
    let asked = std::env::var("S3COLLECT_CASES").ok();
    asked.and_then(|cases| cases.parse().ok()).unwrap_or(48)
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 200, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn nothing_that_is_needed_is_lost_and_nothing_foreign_is_touched(steps in steps()) {
        // The verbs are polled within each other here, in the frames of a build without optimisation.
        let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
            runtime.block_on(async {
                let mut world = World::new();
                for (act, kill) in steps {
                    world.act(act, kill).await?;
                }
                Ok::<(), TestCaseError>(())
            })
        });
        thread.expect("a thread").join().expect("no panic")?;
    }
}
