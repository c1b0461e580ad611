//! `put` that is ended from outside in the middle: never an object, and no parts but until the next `put`.

use std::io::Write as _;
use std::process::{Child, ChildStdin, Command};

use super::*;

/// A `put` that has sent a part, and waits for more.
struct Putting {
    child: Child,
    stdin: ChildStdin,
}

impl Putting {
    async fn begun(bench: &Bench, sandbox: &Sandbox, arguments: &[&str]) -> Self {
        let before = bench.count("UploadPart");
        let putting = Self::spawned(sandbox, arguments);
        let begun = Instant::now();
        while bench.count("UploadPart") == before {
            assert!(begun.elapsed() < Duration::from_secs(30), "no part is sent");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        putting
    }

    fn spawned(sandbox: &Sandbox, arguments: &[&str]) -> Self {
        let mut command = sandbox.command(&[&["put", "-"], arguments].concat());
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(&vec![7; 9 << 20]).expect("taken");
        Self { child, stdin }
    }

    /// Sends a signal; what the process said until it ended, and its status.
    fn ended(self, signal: &str) -> (Option<i32>, String) {
        let kill = format!("kill -{signal} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().expect("a shell").success());
        let output = self.child.wait_with_output().expect("it ends");
        (output.status.code(), String::from_utf8(output.stderr).expect("text"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_put_leaves_nothing() {
    for signal in ["INT", "TERM"] {
        let bench = Bench::new(Vec::new()).await;
        let sandbox = bench.sandbox();
        let putting = Putting::begun(&bench, &sandbox, &["talk.mp4"]).await;
        let (status, told) = putting.ended(signal);
        assert_eq!(
            (status, told.as_str()),
            (
                Some(130),
                "interrupted: waiting for requests under way; once more to end at once\n\
                 error: interrupted\n  note: nothing was stored\n"
            )
        );
        assert_eq!(bench.count("AbortMultipartUpload"), 1, "by the process itself");
        bench.emptied().await;
        sandbox.run(&["exists", "talk.mp4"]).expect(3, "", "");
    }
}

/// Nobody can act when SIGKILL comes. The next `put` on the machine does, and knows the dead from the living.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_put_leaves_is_taken_back_by_the_next() {
    let bench = Bench::new(Vec::new()).await;
    let sandbox = bench.sandbox().file("cat.txt", "meow\n");
    let alive = Putting::begun(&bench, &sandbox, &["alive.mp4"]).await;
    let dead = Putting::begun(&bench, &sandbox, &["talk.mp4"]).await;
    assert_eq!(dead.ended("KILL").0, None);
    sandbox.run(&["exists", "talk.mp4"]).expect(3, "", "");
    let told = "took back the parts of an upload that was cut off: `s3://acme/talk.mp4`\n";
    sandbox.run(&["put", "cat.txt"]).expect(0, "cat.txt\n", told);
    sandbox.run(&["put", "cat.txt"]).expect(0, "cat.txt\n", "");
    assert_eq!(bench.count("AbortMultipartUpload"), 1);
    let Putting { child, stdin } = alive;
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(0), &b"alive.mp4\n"[..]));
    assert_eq!(bench.bodies(), 2, "two objects, and no parts");
    let journal = std::fs::read_dir(sandbox.path("home/.local/state/s3collect/uploads")).expect("a journal");
    assert_eq!(journal.count(), 0);
}

/// The embedded endpoint dies with the process, and its directory stays.
#[test]
fn a_put_into_a_directory_is_taken_back_too() {
    let sandbox = Sandbox::new().file("cat.txt", "meow\n").env("XDG_STATE_HOME", "state");
    let dead = Putting::spawned(&sandbox, &["talk.mp4", "--local", "bucket"]);
    let written_down =
        || std::fs::read_dir(sandbox.path("state/s3collect/uploads")).map_or(0, |files| files.count());
    let begun = Instant::now();
    while written_down() == 0 {
        assert!(begun.elapsed() < Duration::from_secs(30), "no upload is begun");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(dead.ended("KILL").0, None);
    sandbox.run(&["ls", "--local", "bucket"]).expect(0, "", "");
    // Another bucket has nothing to do with it.
    sandbox.run(&["put", "cat.txt", "--local", "other"]).expect(0, "cat.txt\n", "");
    sandbox.run(&["put", "cat.txt", "--local", "./bucket"]).expect(
        0,
        "cat.txt\n",
        "took back the parts of an upload that was cut off: `s3://local/talk.mp4`\n",
    );
    assert_eq!(written_down(), 0);
}

/// With `file_overwrite = false` content is kept until all of it is there: in a file that has no name.
#[test]
fn what_is_kept_to_be_sent_goes_with_the_process() {
    let sandbox = Sandbox::new().env("TMPDIR", "kept").file("kept/other", "");
    let dead =
        Putting::spawned(&sandbox, &["talk.mp4", "--local", "bucket", "--set", "file_overwrite=false"]);
    assert_eq!(dead.ended("KILL").0, None);
    assert_eq!(std::fs::read_dir(sandbox.path("kept")).expect("a directory").count(), 1);
    sandbox.run(&["ls", "--local", "bucket"]).expect(0, "", "");
}

/// A home directory that is not there is not made, and what cannot be written down is no reason to store nothing.
#[test]
fn no_home_is_made_for_it() {
    let sandbox = Sandbox::new().file("file", "").file("talk.mp4", vec![7; 9 << 20]);
    for (name, place) in [("HOME", "none"), ("XDG_STATE_HOME", "file")] {
        let place = sandbox.path(place);
        let mut command = sandbox.command(&["put", "talk.mp4", "--local", "bucket"]);
        let output = command.env(name, &place).output().expect("the binary runs");
        assert_eq!((output.status.code(), &output.stdout[..]), (Some(0), &b"talk.mp4\n"[..]), "{name}");
        assert!(!place.is_dir());
    }
}
