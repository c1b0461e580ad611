//! What a process may have is little, or taken away under it: open files, memory, disk, its terminal, its life. It works with
//! that, or says so; what is published is whole either way.
#![cfg(target_os = "linux")]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use s3collect::local::{Effect, Fault, When};

use crate::releases::{Bench, Reader, assert_is, undisturbed};
use crate::support::{Run, Sandbox};

/// Runs the binary from a shell that has said something before, e.g. `ulimit -n 64`.
fn within(sandbox: &Sandbox, said: &str, arguments: &[&str]) -> Command {
    let binary = sandbox.command(arguments);
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &format!("{said}; exec \"$0\" \"$@\"")]).arg(binary.get_program()).args(arguments);
    shell.env_clear().envs(binary.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.current_dir(binary.get_current_dir().expect("the sandbox")).stdin(Stdio::null());
    shell
}

fn run(sandbox: &Sandbox, said: &str, arguments: &[&str]) -> Run {
    let output = within(sandbox, said, arguments).output().expect("a shell");
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|text| sandbox.filtered(text));
    Run { status: output.status.code().unwrap_or(-1), stdout, stderr }
}

/// Five hundred small files.
fn many() -> Sandbox {
    let sandbox = Sandbox::new();
    for number in 0..500 {
        sandbox.write(&format!("static/{number}.css"), format!("a{{order:{number}}}"));
    }
    sandbox
}

/// With `--local` 429 of 530 files failed for want of open files, with 256 of them, which is what macOS begins with.
#[test]
fn few_open_files_are_enough() {
    let sandbox = many();
    let local = ["--local", "bucket"];
    let pushed = run(&sandbox, "ulimit -n 64", &[&["push", "static"], &local[..]].concat());
    let line = "500 assets: 500 put (5.8 KiB), 0 unchanged  s3://local/  [TIME]\n";
    pushed.expect(0, "", line);
    run(&sandbox, "ulimit -n 64", &[&["verify", "--deep", "-q"], &local[..]].concat()).expect(0, "", "");
}

#[tokio::test(flavor = "multi_thread")]
async fn few_open_files_are_enough_for_a_service() {
    let bench = Bench::new(Vec::new()).await;
    for number in 0..500 {
        bench.sandbox.write(&format!("many/{number}.css"), format!("a{{order:{number}}}"));
    }
    let pushed = run(&bench.sandbox, "ulimit -n 64", &["push", "many", "--gzip", "-q"]);
    pushed.expect(0, "", "");
    let told = "warning: this process may have no more than 24 files open\n  hint: `ulimit -n 256` before it allows more\n";
    run(&bench.sandbox, "ulimit -n 24", &["verify", "--deep", "-q"]).expect(0, "", told);
}

/// A push whose page takes a moment to be stored, while it is told to end.
async fn ended_by(signal: &str, said: &str) -> (Bench, Option<i32>, String) {
    let slow = Fault {
        operation: Some("PutObject".to_owned()),
        key: Some("static/index.html".to_owned()),
        when: When::Always,
        effect: Effect::Delay(Duration::from_secs(1)),
    };
    let bench = Bench::new(Vec::new()).await;
    assert_eq!(bench.push(0, &[]).status, 0);
    bench.server().set_faults(vec![slow]).expect("a fault");
    let before = bench.answered();
    let mut command = within(&bench.sandbox, said, &["push", "1", "--manifest"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a shell");
    let plain_is_put = || {
        let requests = bench.server().requests().into_iter().skip(before);
        requests.filter(|request| request.key.as_deref() == Some("static/css/a.css")).count() > 0
    };
    let begun = Instant::now();
    while !plain_is_put() {
        assert!(begun.elapsed() < Duration::from_secs(30), "no plain name is stored");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let kill = format!("kill -{signal} {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().expect("a shell").success());
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await;
    let output = output.expect("no panic").expect("it ends");
    let told = String::from_utf8(output.stderr).expect("text");
    (bench, output.status.code(), told)
}

/// SIGTERM (a CI job that is cancelled) and SIGHUP (a terminal that is closed) end a push as Ctrl-C does.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_told_to_end_leaves_the_old_release_and_the_next_push_finishes() {
    let expected = undisturbed().await;
    for signal in ["INT", "TERM", "HUP"] {
        let (bench, status, told) = ended_by(signal, ":").await;
        let ending = "interrupted: waiting for requests under way; once more to end at once\n\
                      note: 6 of 7 objects were stored; the manifest was not replaced, so the previous release is intact\n\
                      4 assets: 6 put (79 bytes), 2 unchanged, 1 not tried; manifest not published  s3://acme/static/  \
                      [TIME]\n";
        assert_eq!(
            (status, bench.sandbox.filtered(told.as_bytes()).as_str()),
            (Some(130), ending),
            "{signal}"
        );
        let reader = Reader::new(&bench).await;
        reader.follow().await;
        let found = reader.objects().await;
        assert_eq!(found["staticfiles.json"], expected[0]["staticfiles.json"], "{signal}");
        bench.server().set_faults(Vec::new()).expect("no faults");
        let next = bench.push(1, &[]);
        assert_eq!((next.status, next.stderr.contains("waiting")), (0, false), "{signal}: {next:?}");
        assert_is(&reader.objects().await, &expected[1], 0);
    }
}

/// Whoever starts it with `nohup` means it.
#[tokio::test(flavor = "multi_thread")]
async fn a_hangup_that_is_to_be_ignored_is() {
    let expected = undisturbed().await;
    let (bench, status, told) = ended_by("HUP", "trap '' HUP").await;
    assert_eq!(status, Some(0), "{told}");
    assert_is(&Reader::new(&bench).await.objects().await, &expected[1], 0);
}

/// Nobody reads any more what is said, on either stream.
#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_nobody_listens_to_ends_as_it_would() {
    let expected = undisturbed().await;
    let bench = Bench::new(Vec::new()).await;
    let deaf = |said: &str, arguments: &[&str]| {
        let mut command = within(&bench.sandbox, said, arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a shell");
        drop((child.stdout.take(), child.stderr.take()));
        child.wait().expect("it ends").code()
    };
    let reader = Reader::new(&bench).await;
    for (tree, said) in [(0, ":"), (1, "exec >&- 2>&-"), (2, "exec >/dev/full 2>/dev/full")] {
        let status = deaf(said, &["push", &tree.to_string(), "--manifest", "-v"]);
        assert_eq!(status, Some(0), "{said}");
        assert_is(&reader.objects().await, &expected[tree], tree);
    }
    // A document that cannot be written is an error; one that nobody reads is not, and hides none.
    let full = ["push", "0", "--manifest", "--json"];
    assert_eq!(deaf("exec >/dev/full", &full), Some(1));
    assert_is(&reader.objects().await, &expected[0], 0);
    assert_eq!(deaf(":", &full), Some(0));
    assert_eq!(deaf(":", &["push", "0", "--json", "--bucket", "none"]), Some(1));
    assert_eq!(deaf(":", &["push", "1", "--dry-run", "--exit-code"]), Some(3));
}

/// No file may grow beyond 100 KiB, which is to the process as a disk that is full.
const FULL: &str = "trap '' XFSZ; ulimit -f 200";

/// A release that is live, and one that has no room: a style sheet that does not compress, a small one and a page.
fn too_large() -> Sandbox {
    let noise: String =
        (0_u32..500_000).map(|number| format!("{:x}", number.wrapping_mul(2_654_435_761))).collect();
    let sandbox = Sandbox::new().file("1/a.css", "a{}").file("1/index.html", "<p>1");
    sandbox.file("2/a.css", "b{}").file("2/index.html", "<p>2").file("2/large.css", noise)
}

fn hashless(text: &str) -> String {
    let hash = regex::Regex::new(r"large(\.[0-9a-f]{12})?\.css").expect("a pattern");
    hash.replace_all(text, "large.[HASHED].css").into_owned()
}

#[test]
fn a_full_disk_leaves_the_old_release_in_the_bucket() {
    let sandbox = too_large();
    let local = ["--manifest", "--local", "bucket", "-q"];
    let push = |said: &str, tree: &str| run(&sandbox, said, &[&["push", tree], &local[..]].concat());
    push(":", "1").expect(0, "", "");
    let before = sandbox.run(&["cat", "staticfiles.json", "--local", "bucket"]).stdout;
    let failed = push(FULL, "2");
    let told: Vec<&str> = failed.stderr.lines().filter(|line| !line.contains("caused by")).collect();
    let expected = [
        "error: there is no room left for `s3://local/large.[HASHED].css`",
        "  hint: make room where the bucket is kept, then push again",
        "note: 2 of 7 objects were stored; the manifest was not replaced, so the previous release is intact",
    ];
    let told: Vec<_> = told.iter().map(|line| hashless(line)).collect();
    assert_eq!((failed.status, told), (1, expected.map(str::to_owned).to_vec()));
    sandbox.run(&["cat", "staticfiles.json", "--local", "bucket"]).expect(0, &before, "");
    assert_eq!(sandbox.run(&["verify", "--deep", "-q", "--local", "bucket"]).status, 0);
    let unfinished = std::fs::read_dir(sandbox.path("bucket/tmp")).expect("a directory");
    assert_eq!(unfinished.count(), 0, "what does not fit goes");
    push(":", "2").expect(0, "", "");
    sandbox.run(&["verify", "--deep", "-q", "--local", "bucket"]).expect(0, "", "");
}

#[test]
fn a_full_disk_leaves_the_old_tree() {
    let sandbox = too_large();
    sandbox.run(&["manifest", "1", "--out", "out", "-q"]).expect(0, "", "");
    let listed = || {
        let files =
            walkdir::WalkDir::new(sandbox.path("out")).into_iter().map(|entry| entry.expect("an entry"));
        let mut names: Vec<_> = files.map(|file| file.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    };
    let manifest = || std::fs::read_to_string(sandbox.path("out/staticfiles.json")).expect("a manifest");
    let before = (manifest(), listed());
    let failed = run(&sandbox, FULL, &["manifest", "2", "--out", "out"]);
    let cannot = "error: cannot write `out/large.[HASHED].css`\n  caused by: File too large (os error 27)\n  \
                  note: the manifest was not replaced; what it names is in place\n  \
                  hint: make room, or make the directory writable, and run again\n";
    assert_eq!((failed.status, hashless(&failed.stderr).as_str()), (1, cannot));
    assert_eq!(manifest(), before.0);
    assert!(before.1.iter().all(|name| listed().contains(name)));
    sandbox.run(&["manifest", "2", "--out", "out", "-q", "--clean"]).expect(0, "", "");
    sandbox.run(&["manifest", "2", "--out", "other", "-q"]).expect(0, "", "");
    let other = std::fs::read_to_string(sandbox.path("other/staticfiles.json")).expect("a manifest");
    assert_eq!(manifest(), other);
}

/// What is compressed waits in a temporary file, and what is downloaded in one beside its target.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_keeps_nothing_from_a_service() {
    let bench = Bench::new(Vec::new()).await;
    let place = bench.sandbox.path("temporary").display().to_string();
    bench.sandbox.write("temporary/.keep", "");
    let full = format!("{FULL}; export TMPDIR='{place}'");
    let sandbox = too_large();
    std::fs::rename(sandbox.path("2"), bench.sandbox.path("large")).expect("moved");
    let push = |said: &str| run(&bench.sandbox, said, &["push", "large", "--gzip", "--manifest", "-q"]);
    let failed = push(&full);
    let (first, hint) =
        ("error: cannot keep the compressed body of `large.css` in a temporary file\n", "set `TMPDIR`");
    assert!(
        failed.status == 1 && failed.stderr.starts_with(first) && failed.stderr.contains(hint),
        "{failed:?}"
    );
    assert_eq!(std::fs::read_dir(bench.sandbox.path("temporary")).expect("a directory").count(), 1);
    push(":").expect(0, "", "");
    let get = |said: &str| run(&bench.sandbox, said, &["get", "large.css", "copy.css", "--set", "gzip=true"]);
    let failed = get(FULL);
    let told = "error: cannot write `copy.css`\n  caused by: File too large (os error 27)\n";
    assert_eq!((failed.status, failed.stderr.as_str()), (1, told));
    assert!(!bench.sandbox.path("copy.css").exists());
    assert_eq!(get(":").status, 0);
}

/// The most memory that a process has had, in KiB, as far as the kernel was asked while it ran.
fn peak(mut child: std::process::Child) -> u64 {
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    while child.try_wait().expect("a child").is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let told = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        most = told.unwrap_or(most);
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(child.wait().expect("it ends").success());
    most
}

/// A file larger than all the memory that there shall be, and many small ones.
#[tokio::test(flavor = "multi_thread")]
async fn a_push_needs_less_than_100_mib() {
    let bench = Bench::new(Vec::new()).await;
    for number in 0..1_000 {
        bench.sandbox.write(&format!("tree/{}/{number}.css", number % 20), format!("a{{order:{number}}}"));
    }
    let sparse = std::fs::File::create(bench.sandbox.path("tree/sparse.bin")).expect("a file");
    sparse.set_len(128 << 20).expect("a length");
    let push = ["push", "tree", "--gzip", "-q"];
    let child = bench.sandbox.command(&push).spawn().expect("the binary");
    let most = tokio::task::spawn_blocking(move || peak(child)).await.expect("no panic");
    assert!((1..100 << 10).contains(&most), "{most} KiB");
}
