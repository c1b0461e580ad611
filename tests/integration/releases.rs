//! Recorded pushes of the real binary into the embedded endpoint: killed at any request, at the same time, followed
//! by readers, and counted by the server.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use md5::{Digest as _, Md5};
use s3collect::digest::hex;
use s3collect::local::{Effect, Fault, Options, Server, When};
use s3collect::manifest::Manifest;
use s3collect::name::ObjectKey;
use s3collect::session::Session;
use s3collect::settings::{Given, Needs, load};
use s3collect::store::s3::S3Store;
use s3collect::store::{Fetch, Store as _, fetch};
use tempfile::TempDir;

use crate::support::{Sandbox, told};

/// A location of its own at an endpoint, and three trees whose environment points at it.
pub(crate) struct Bench {
    /// The embedded endpoint, unless a real server was named.
    embedded: Option<(Server, TempDir)>,
    location: String,
    pub(crate) sandbox: Sandbox,
}

/// Name → body and headers.
pub(crate) type Objects = BTreeMap<String, (Vec<u8>, String)>;

impl Bench {
    pub(crate) async fn new(faults: Vec<Fault>) -> Self {
        let directory = TempDir::new().expect("a directory");
        let create_buckets = vec!["acme".to_owned()];
        let options = Options { create_buckets, faults, log: true, ..Options::new(directory.path()) };
        let keys = options.credentials.clone();
        let server = Server::start(options).await.expect("an endpoint");
        let place = [server.endpoint_url(), "acme".to_owned(), keys.access_key, keys.secret_key];
        Self::at(place, "static", Some((server, directory)))
    }

    /// The same at the server that `S3COLLECT_TEST_ENDPOINT` names, if it names one.
    fn real(location: &str) -> Option<Self> {
        let [endpoint, bucket, access_key, secret_key] =
            ["ENDPOINT", "BUCKET", "ACCESS_KEY", "SECRET_KEY"].map(|name| told(name, ""));
        let chance = std::process::id();
        let location = format!("{location}-{chance}");
        (!endpoint.is_empty()).then(|| Self::at([endpoint, bucket, access_key, secret_key], &location, None))
    }

    fn at(place: [String; 4], location: &str, embedded: Option<(Server, TempDir)>) -> Self {
        let [endpoint, bucket, access_key, secret_key] = place;
        let sandbox = Sandbox::new()
            .env("AWS_STORAGE_BUCKET_NAME", &bucket)
            .env("AWS_LOCATION", location)
            .env("AWS_S3_ENDPOINT_URL", &endpoint)
            .env("AWS_S3_ACCESS_KEY_ID", &access_key)
            .env("AWS_S3_SECRET_ACCESS_KEY", &secret_key)
            .env("HOSTNAME", "here");
        for tree in 0..3 {
            let page = format!("<p>{tree}");
            sandbox.write(&format!("{tree}/css/a.css"), format!("a{{b:url(../img/b.png?{tree})}}"));
            sandbox.write(&format!("{tree}/img/b.png"), format!("PNG{tree}"));
            sandbox.write(&format!("{tree}/index.html"), page);
            sandbox.write(&format!("{tree}/same.txt"), "same");
        }
        Self { embedded, location: location.to_owned(), sandbox }
    }

    pub(crate) fn server(&self) -> &Server {
        let (server, _) = self.embedded.as_ref().expect("the embedded endpoint");
        server
    }

    pub(crate) fn push(&self, tree: usize, more: &[&str]) -> crate::support::Run {
        let tree = tree.to_string();
        self.sandbox.run(&[&["push", &tree, "--manifest"], more].concat())
    }

    pub(crate) fn spawn(&self, tree: usize, more: &[&str]) -> Child {
        let tree = tree.to_string();
        let mut command = self.sandbox.command(&[&["push", &tree, "--manifest"], more].concat());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts")
    }

    /// How many requests were answered so far.
    pub(crate) fn answered(&self) -> usize {
        self.server().requests().len()
    }

    /// Kills a push of a tree somewhere on its way; whether it was still there.
    async fn kill(&self, tree: usize, chance: &mut Chance) -> bool {
        let begun = self.embedded.is_some().then(|| self.answered());
        let mut child = self.spawn(tree, &["--claim-timeout", "0s"]);
        match begun {
            Some(begun) => {
                let after = begun + chance.below(18);
                while self.answered() < after && child.try_wait().expect("a child").is_none() {
                    tokio::time::sleep(Duration::from_micros(200)).await;
                }
            }
            // Nobody counts: by time, of which a push takes some tens of milliseconds.
            None => tokio::time::sleep(Duration::from_millis(5 + chance.below(120) as u64)).await,
        }
        child.kill().expect("a signal");
        child.wait().expect("it ends").code().is_none()
    }
}

/// What a reader sees: the bucket through the library's own client.
pub(crate) struct Reader {
    store: S3Store,
    location: String,
}

impl Reader {
    pub(crate) async fn new(bench: &Bench) -> Self {
        Self::at(bench.sandbox.environment().clone(), &bench.location).await
    }

    /// Where an environment points to.
    pub(crate) async fn at(environment: BTreeMap<String, String>, location: &str) -> Self {
        let given = Given::new(&environment, Path::new("/nonexistent"));
        let loaded = load(given, Needs { bucket: true, sources: false }).expect("settings");
        let store = Session::open(&loaded.settings).await.expect("a store").store;
        Self { store, location: location.to_owned() }
    }

    pub(crate) async fn body(&self, name: &str) -> Option<Vec<u8>> {
        let key = ObjectKey::new(format!("{}/{name}", self.location)).expect("a key");
        match fetch(&self.store, &key, None, 16 << 20).await.expect("an answer") {
            Fetch::Object(fetched) => Some(fetched.body.into()),
            Fetch::Absent | Fetch::Unchanged => None,
        }
    }

    /// Name → body and headers of each object that is no record.
    pub(crate) async fn objects(&self) -> Objects {
        let mut objects = Objects::new();
        let prefix = format!("{}/", self.location);
        for object in self.store.list(&prefix, None).await.expect("a page").objects {
            if object.key.contains("/.s3collect/") {
                continue;
            }
            let key = ObjectKey::new(object.key.as_str()).expect("a key");
            let head = self.store.head(&key).await.expect("an answer").expect("it was listed");
            let name = object.key.strip_prefix(&prefix).expect("it was asked for").to_owned();
            let body = self.body(&name).await.expect("it was listed");
            objects.insert(name, (body, format!("{:?}", head.parameters)));
        }
        objects
    }

    /// Follows the manifest, if there is one: everything that it names is there, as it was hashed.
    pub(crate) async fn follow(&self) {
        let Some(document) = self.body("staticfiles.json").await else { return };
        for (name, stored_name) in Manifest::parse(&document).expect("a manifest").paths() {
            let body = self.body(stored_name).await;
            let body = body.unwrap_or_else(|| panic!("{name}: `{stored_name}` is missing"));
            let hash = hex(&Md5::digest(&body));
            assert!(stored_name.contains(&hash[..12]), "{name}: `{stored_name}` holds {hash}");
        }
    }
}

/// What an undisturbed push of each tree makes of an empty bucket.
pub(crate) async fn undisturbed() -> Vec<Objects> {
    let mut all = Vec::new();
    for tree in 0..3 {
        let bench = Bench::new(Vec::new()).await;
        assert_eq!(bench.push(tree, &[]).status, 0);
        all.push(Reader::new(&bench).await.objects().await);
    }
    all
}

pub(crate) fn assert_is(found: &Objects, expected: &Objects, round: usize) {
    for (key, object) in expected {
        assert_eq!(found.get(key), Some(object), "{round}: {key}");
    }
}

/// Numbers that look like chance, the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % limit
    }
}

/// How often a push is killed: `S3COLLECT_KILLS`, or few enough for everyday.
#[expect(clippy::disallowed_methods, reason = "the door for those who want more")]
fn kills() -> usize {
    std::env::var("S3COLLECT_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(100)
}

/// A push is killed (SIGKILL) once so many of its requests were answered, or are about to be. Whoever follows the
/// manifest then finds everything, and what the next push makes of the bucket is what an undisturbed one makes.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_push_leaves_a_whole_release_and_is_finished_by_the_next() {
    let killed = killed_pushes(&Bench::new(Vec::new()).await, kills()).await;
    assert!(killed > kills() / 4, "only {killed} of {} were killed in time", kills());
}

/// Kills pushes, and says how many were killed in time.
async fn killed_pushes(bench: &Bench, kills: usize) -> usize {
    let expected = undisturbed().await;
    let reader = Reader::new(bench).await;
    let mut chance = Chance(0x5eed);
    let mut killed = 0;
    for round in 0..kills {
        let tree = chance.below(3);
        killed += usize::from(bench.kill(tree, &mut chance).await);
        reader.follow().await;
        // Not after each: a push that follows a killed one is killed as well now and then.
        if round % 4 == 3 || round + 1 == kills {
            let next = chance.below(3);
            let run = bench.push(next, &["--claim-timeout", "0s"]);
            assert_eq!(run.status, 0, "{round}: {}", run.stderr);
            assert_is(&reader.objects().await, &expected[next], round);
        }
    }
    killed
}

/// Readers follow the manifest while one push after the other replaces it.
#[tokio::test(flavor = "multi_thread")]
async fn who_follows_the_manifest_finds_everything_at_any_moment() {
    followed(&Bench::new(Vec::new()).await, 12).await;
}

async fn followed(bench: &Bench, pushes: usize) {
    assert_eq!(bench.push(0, &[]).status, 0);
    let done = std::sync::atomic::AtomicBool::new(false);
    let readers = (0..3).map(|_| async {
        let reader = Reader::new(bench).await;
        let mut rounds = 0;
        while !done.load(std::sync::atomic::Ordering::Relaxed) {
            reader.follow().await;
            rounds += 1;
        }
        rounds
    });
    let writer = async {
        for round in 1..pushes {
            let mut child = bench.spawn(round % 3, &[]);
            while child.try_wait().expect("a child").is_none() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    };
    let (rounds, ()) = tokio::join!(futures_util::future::join_all(readers), writer);
    assert!(rounds.iter().all(|rounds| *rounds > 3), "{rounds:?}");
}

/// Two processes at once: one is whole, and the other is whole after it or was told.
#[tokio::test(flavor = "multi_thread")]
async fn two_processes_never_mix() {
    let expected = undisturbed().await;
    for _ in 0..6 {
        // Claims that take a while make it likely that they meet.
        let slow = Fault {
            operation: Some("PutObject".to_owned()),
            key: Some("*/index.html".to_owned()),
            when: When::Always,
            effect: Effect::Delay(Duration::from_millis(150)),
        };
        let bench = Bench::new(vec![slow]).await;
        meet(&bench, &expected).await;
    }
}

/// Two pushes at once.
async fn meet(bench: &Bench, expected: &[Objects]) {
    let children = [bench.spawn(0, &[]), bench.spawn(1, &[])];
    let mut codes = Vec::new();
    for child in children {
        let output = tokio::task::spawn_blocking(move || child.wait_with_output());
        let output = output.await.expect("no panic").expect("it ends");
        codes.push((output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    assert!(codes.iter().any(|(code, _)| *code == Some(0)), "{codes:?}");
    for (code, stderr) in &codes {
        assert!(*code == Some(0) || (*code == Some(4) && stderr.contains("error: overtaken: ")), "{codes:?}");
    }
    let found = Reader::new(bench).await.objects().await;
    let whole = |tree: &Objects| tree.iter().all(|(key, object)| found.get(key) == Some(object));
    assert!(whole(&expected[0]) || whole(&expected[1]), "{codes:?}");
}

/// All of that, shortened, against a real server, which `scripts/servers/conformance` names; and the way back.
#[tokio::test(flavor = "multi_thread")]
async fn a_real_server_keeps_releases() {
    let Some(bench) = Bench::real("releases") else { return };
    let conditional = !told("LACKS", "").contains("conditions");
    let killed = killed_pushes(&bench, 24).await;
    assert!(killed > 3, "only {killed} were killed in time");
    followed(&bench, 6).await;
    let expected = undisturbed().await;
    for round in 0..3 {
        let bench = Bench::real(&format!("releases-{round}")).expect("it is named");
        if conditional {
            meet(&bench, &expected).await;
        }
    }
    assert_eq!(bench.push(0, &[]).status, 0);
    assert_eq!(bench.push(1, &[]).status, 0);
    let run = |arguments: &[&str]| {
        let run = bench.sandbox.run(arguments);
        assert_eq!(run.status, 0, "{arguments:?}: {run:?}");
    };
    run(&["rollback"]);
    let reader = Reader::new(&bench).await;
    assert_eq!(expected[0]["staticfiles.json"], reader.objects().await["staticfiles.json"]);
    run(&["verify", "--deep"]);
    let soon = ["--set", "min_age=0s", "--set", "retain_releases=1"];
    let alone: &[&str] = if conditional { &[] } else { &["--alone"] };
    run(&[&["gc", "--yes"], &soon[..], alone].concat());
    run(&["verify", "--deep", "--strict"]);
    reader.follow().await;
}

/// The claim of a killed push keeps the next one no longer than it was told to wait.
#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_was_left_is_waited_for_and_told() {
    let slow = Fault {
        operation: Some("PutObject".to_owned()),
        key: Some("static/same.txt".to_owned()),
        when: When::Always,
        effect: Effect::Delay(Duration::from_secs(60)),
    };
    let bench = Bench::new(vec![slow]).await;
    let mut child = bench.spawn(0, &[]);
    let claimed = |bench: &Bench| {
        let claims = bench.server().requests();
        let key = Some("static/.s3collect/default/current");
        claims.iter().filter(|request| request.method == "PUT" && request.key.as_deref() == key).count() >= 2
    };
    while !claimed(&bench) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    child.kill().expect("a signal");
    child.wait().expect("it ends");
    bench.server().set_faults(Vec::new()).expect("no faults");
    let begun = Instant::now();
    let run = bench.push(1, &["--claim-timeout", "3s"]);
    assert!((1..30).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    let id = regex::Regex::new(r"[0-9TZ]{16}-[0-9a-f]{8}|[0-9-]{10}T[0-9:]{8}Z|[0-9]s$").expect("a pattern");
    let told = id.replace_all(&run.stderr, "ID").into_owned();
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(run.status, 0, "{told}");
    assert!(lines[0].starts_with("waiting for the push `ID` by `here`, at most "), "{told}");
    assert_eq!(lines[1], "warning: the push `ID` by `here` never ended, last seen ID");
    assert_eq!(lines[2], "  note: it is taken for dead, and this run goes on in its place");
}

/// A push that stands still for longer than its claim lives (a suspended machine, a paused container) is passed over, and
/// does no harm when it goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_stood_still_for_too_long_is_overtaken() {
    let expected = undisturbed().await;
    let slow = Fault {
        operation: Some("PutObject".to_owned()),
        key: Some("static/same.txt".to_owned()),
        when: When::Always,
        effect: Effect::Delay(Duration::from_secs(2)),
    };
    let bench = Bench::new(vec![slow]).await;
    let child = bench.spawn(0, &["--claim-timeout", "3s"]);
    let pid = child.id().to_string();
    let signal = |name: &str| {
        let sent = std::process::Command::new("kill").args([name, &pid]).status();
        assert!(sent.expect("a signal").success());
    };
    let claimed = || {
        let requests = bench.server().requests();
        let claims = requests.iter().filter(|request| {
            request.method == "PUT" && request.key.as_deref() == Some("static/.s3collect/default/current")
        });
        claims.count() >= 2
    };
    while !claimed() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    signal("-STOP");
    bench.server().set_faults(Vec::new()).expect("no faults");
    let other = bench.push(1, &["--claim-timeout", "3s"]);
    assert_eq!(other.status, 0, "{}", other.stderr);
    signal("-CONT");
    let output = tokio::task::spawn_blocking(move || child.wait_with_output());
    let output = output.await.expect("no panic").expect("it ends");
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{told}");
    assert!(told.contains("error: overtaken: ") || told.contains("is another object now"), "{told}");
    let reader = Reader::new(&bench).await;
    assert_is(&reader.objects().await, &expected[1], 0);
    reader.follow().await;
}

/// Of 5,000 files, counted by the server: next to nothing when nothing changed, and what changed besides.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_tree_costs_few_requests() {
    let bench = Bench::new(Vec::new()).await;
    for number in 0..5_000 {
        bench.sandbox.write(&format!("large/{}/{number}.css", number % 50), format!("a{{order:{number}}}"));
    }
    let push = || bench.sandbox.run(&["push", "large", "-q"]);
    assert_eq!(push().status, 0);
    let before = bench.answered();
    assert_eq!(push().status, 0);
    let unchanged = bench.answered() - before;
    // The pointer and the record, and six pages: 5,002 objects.
    assert_eq!(unchanged, 8);
    for number in 0..50 {
        bench.sandbox.write(&format!("large/{}/{number}.css", number % 50), "b{}");
    }
    let before = bench.answered();
    assert_eq!(push().status, 0);
    let changed = bench.answered() - before;
    assert!(changed <= 50 + 14, "{changed}");
    assert_eq!(changed, 50 + 13, "besides: the claim, the probe, the other apps, the record, the release");
}
