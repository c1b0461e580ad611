//! What happens while a push is under way: files that change or vanish, interrupts, readers that go away; and how
//! bodies travel when there is little memory for them.

use std::io::{BufRead as _, BufReader, Lines};
use std::process::ChildStderr;
use std::sync::mpsc;

use md5::{Digest as _, Md5};

use super::*;
use crate::script::answer;

const EMPTY: &str = "<?xml version=\"1.0\"?><ListBucketResult><Name>acme</Name><KeyCount>0</KeyCount>\
                     <IsTruncated>false</IsTruncated></ListBucketResult>";

fn empty_listing() -> String {
    answer("200 OK", &["content-type: application/xml"], EMPTY)
}

/// Bytes that differ from place to place.
fn body(size: usize) -> Vec<u8> {
    (0..size).map(|index| ((index % 251) ^ (index / 4096)) as u8).collect()
}

#[test]
fn a_file_that_vanishes() {
    let runtime = runtime();
    let sandbox = Sandbox::new().file("static/a.css", "a").file("static/gone.css", "b");
    let gone = sandbox.path("static/gone.css");
    let stored = answer("200 OK", &["etag: \"0cc175b9c0f1b6a831c399e269772661\""], "");
    let script = runtime.block_on(Script::meanwhile(vec![empty_listing(), stored], move |number| {
        if number == 0 {
            fs::remove_file(&gone).expect("a file to remove");
        }
    }));
    let endpoint = format!("http://127.0.0.1:{}", script.port);
    directed(sandbox, &endpoint).run(&["push", "static"]).expect(
        1,
        "",
        "error: `gone.css` vanished before it could be read\n  \
         hint: run again when nothing writes to the static dirs\n\
         note: 1 of 2 objects were stored; the others are as they were before, and the next push tries them again\n\
         2 assets: 1 put (1 byte), 0 unchanged, 1 failed  s3://acme/  [TIME]\n",
    );
}

/// The parts wait for their answer while the file is written to; what was begun is given up.
#[test]
fn a_file_that_changes_while_it_is_sent() {
    let slow = fault("UploadPart", None, When::Nth(1), Effect::Delay(Duration::from_secs(4)));
    let service = Service::with(vec![slow]);
    let sandbox = service.sandbox().file("static/big.bin", body(20 << 20));
    let child = spawn(&sandbox, &["push", "static", "--in-flight-bytes", "1048576"]);
    service.await_answer("CreateMultipartUpload");
    // As little as can be, since it has to be done before the delayed answer comes, on whatever machine.
    sandbox.write("static/big.bin", "changed");
    ended(&sandbox, child).expect(
        1,
        "",
        "error: `big.bin` changed while it was being read\n  \
         hint: run again when nothing writes to the static dirs\n\
         note: 0 of 1 objects were stored; the others are as they were before, and the next push tries them again\n\
         1 asset: 0 put, 0 unchanged, 1 failed  s3://acme/  [TIME]\n",
    );
    assert_eq!((service.count("AbortMultipartUpload"), service.count("CompleteMultipartUpload")), (1, 0));
    assert_eq!(service.bodies().len(), 0);
}

/// A body that does not fit into memory is hashed in one read and sent in another.
#[test]
fn large_bodies_arrive_whole_through_little_memory() {
    let service = Service::with(Vec::new());
    let (small, big) = (body(3 << 20), body(20 << 20));
    let sandbox = service.sandbox().file("static/small.bin", &small).file("static/big.bin", &big);
    let arguments = ["push", "static", "--in-flight-bytes", "1048576", "--json"];
    let run = sandbox.run(&arguments);
    assert_eq!(
        (run.status, run.stderr.as_str()),
        (0, "2 assets: 2 put (23.0 MiB), 0 unchanged  s3://acme/  [TIME]\n")
    );
    let parts: Vec<u8> = big.chunks(8 << 20).flat_map(Md5::digest).collect();
    let etags = [format!("{}-3", hexadecimal(&Md5::digest(&parts))), hexadecimal(&Md5::digest(&small))];
    let document: serde_json::Value =
        serde_json::from_slice(&sandbox.command(&arguments).output().expect("a run").stdout)
            .expect("a document");
    assert_eq!((&document["put"], &document["skipped"]), (&0.into(), &2.into()));
    let told: Vec<&str> = document["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .filter_map(|step| step["etag"].as_str())
        .collect();
    assert_eq!(told, etags);
    let mut bodies = service.bodies();
    bodies.sort_by_key(Vec::len);
    assert!(bodies == [small, big], "the bytes in the bucket are those of the files");
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const INTERRUPTED: &str = "interrupted: waiting for requests under way; once more to end at once\n";

#[test]
fn an_interrupt_leaves_no_parts_behind() {
    for name in ["INT", "TERM"] {
        let slow = fault("UploadPart", None, When::Always, Effect::Delay(Duration::from_secs(60)));
        let service = Service::with(vec![slow]);
        let sandbox = service.sandbox().file("static/big.bin", body(17 << 20));
        let child = spawn(&sandbox, &["push", "static"]);
        service.await_answer("CreateMultipartUpload");
        signal(&child, name);
        ended(&sandbox, child).expect(
            130,
            "",
            &format!(
                "{INTERRUPTED}note: 0 of 1 objects were stored; the others are as they were before, and the next \
                 push tries them again\n1 asset: 0 put, 0 unchanged, 1 not tried  s3://acme/  [TIME]\n"
            ),
        );
        assert_eq!((service.count("AbortMultipartUpload"), service.bodies().len()), (1, 0));
    }
}

/// A push to a socket that holds back the answer to one request, so that it is known to be under way.
struct Held {
    sandbox: Sandbox,
    child: Child,
    stderr: Lines<BufReader<ChildStderr>>,
    release: mpsc::Sender<()>,
    _runtime: Runtime,
}

impl Held {
    /// Pushes until the request of this number, from 0, has arrived.
    fn at(number: usize, answers: Vec<String>, files: &[&str]) -> Self {
        let runtime = runtime();
        let (arrived, arrival) = mpsc::channel();
        let (release, released) = mpsc::channel();
        let script = runtime.block_on(Script::meanwhile(answers, move |now| {
            if now == number {
                arrived.send(()).expect("the test waits");
                let _gone = released.recv_timeout(Duration::from_secs(60));
            }
        }));
        let sandbox = sandbox_at(&format!("http://127.0.0.1:{}", script.port));
        for file in files {
            sandbox.write(&format!("static/{file}"), "x");
        }
        let mut child = spawn(&sandbox, &["push", "static", "-j", "1"]);
        let stderr = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        arrival.recv_timeout(Duration::from_secs(60)).expect("the request");
        Self { sandbox, child, stderr, release, _runtime: runtime }
    }

    /// Sends a signal and waits until it is told.
    fn interrupt(&mut self, name: &str) {
        signal(&self.child, name);
        assert_eq!(self.stderr.next().expect("a line").expect("text") + "\n", INTERRUPTED);
    }

    /// The status, and what stderr told besides.
    fn ended(mut self) -> (Option<i32>, String) {
        let rest: Vec<String> = self.stderr.map(|line| line.expect("text") + "\n").collect();
        let status = self.child.wait().expect("the binary ends");
        (status.code(), self.sandbox.filtered(rest.concat().as_bytes()))
    }
}

fn stored() -> String {
    answer("200 OK", &["etag: \"9dd4e461268c8034f5c8564e155c67a6\""], "")
}

/// Pages go after all else, one at a time here: one of the two is under way, the other waits for its turn.
#[test]
fn an_interrupt_lets_requests_under_way_end_and_begins_no_more() {
    let answers = vec![empty_listing(), stored(), stored(), stored()];
    let mut held = Held::at(2, answers, &["a.css", "b.html", "c.html"]);
    held.interrupt("INT");
    std::thread::sleep(Duration::from_millis(200));
    held.release.send(()).expect("the answer waits");
    let note = "note: 2 of 3 objects were stored; the others are as they were before, and the next push tries them \
                again\n3 assets: 2 put (2 bytes), 0 unchanged, 1 not tried  s3://acme/  [TIME]\n";
    assert_eq!(held.ended(), (Some(130), note.to_owned()));
}

#[test]
fn an_interrupt_before_anything_was_stored() {
    let mut held = Held::at(0, vec![empty_listing()], &["a.css"]);
    held.interrupt("TERM");
    assert_eq!(held.ended(), (Some(130), "note: nothing was stored\n".to_owned()));
}

#[test]
fn a_second_interrupt_ends_at_once() {
    let mut held = Held::at(1, vec![empty_listing(), stored()], &["a.css"]);
    held.interrupt("INT");
    signal(&held.child, "INT");
    assert_eq!(held.ended(), (Some(130), String::new()));
}

/// `s3collect push -n | head -1`.
#[test]
fn a_reader_that_has_seen_enough() {
    let sandbox = Sandbox::new();
    let long = "a".repeat(200);
    // More than a pipe holds.
    for number in 0..400 {
        sandbox.write(&format!("static/{number:03}-{long}.css"), "");
    }
    let mut child = spawn(&sandbox, &["push", "-n", "static", "--local", "bucket"]);
    let mut first = String::new();
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    stdout.read_line(&mut first).expect("a line");
    drop(stdout);
    assert_eq!(first, format!("put   000-{long}.css  new\n"));
    ended(&sandbox, child).expect(0, "", "");
}
