//! What is wrong with files whose names are to be hashed and whose references are to be rewritten.

use super::*;

const NOT_UTF_8: &str = "error: `binary.css` is not UTF-8: byte 0 is no part of a character\n  \
     note: the file is `static/binary.css`\n  \
     hint: convert it to UTF-8, rename it, or leave it out with `--ignore`\n\
     error: `cut.js` is not UTF-8: byte 12 is no part of a character\n  \
     note: the file is `static/cut.js`\n  \
     hint: convert it to UTF-8, rename it, or leave it out with `--ignore`\n\
     error: `utf16.css` is not UTF-8: byte 0 is no part of a character\n  \
     note: the file is `static/utf16.css`\n  \
     hint: convert it to UTF-8, rename it, or leave it out with `--ignore`\n";

#[test]
fn binary_files_that_are_named_like_text() {
    let sandbox = Sandbox::new()
        .file("static/binary.css", b"\x89PNG\r\n\x1a\n\0url(a.png)")
        .file("static/other.CSS", b"\x89PNG")
        .file("static/cut.js", b"// caf\xc3\xa9 caf\xc3")
        .file("static/nul.js", b"\0\0\0\0")
        .file("static/utf16.css", b"\xff\xfea\0{\0}\0");
    sandbox.run(&["manifest", "static"]).expect(1, "", NOT_UTF_8);
    let note = |text: &str| format!("{NOT_UTF_8}note: {text}\n");
    sandbox.run(&["manifest", "static", "--out", "root"]).expect(
        1,
        "",
        &note("nothing was written to `root`"),
    );
    sandbox.run(&["push", "--manifest", "static", "--local", "bucket"]).expect(
        1,
        "",
        &note("nothing was stored"),
    );
    assert!(!sandbox.path("root").exists());
}

#[test]
fn what_is_opened_and_never_closed_is_left_as_it_stands() {
    let texts = [
        ("a.css", "/* /* url(b.png"),
        ("b.css", "@import 'b.png\n"),
        ("c.css", "/*# sourceMappingURL=gone.map"),
        ("d.css", "url(\"gone.png\n\")"),
        ("e.js", "import { from './gone.js'"),
        ("f.js", "import('./gone.js'"),
        ("g.js", "/* export { */ from \"./gone.js"),
    ];
    let repeated = texts.map(|(name, text)| (format!("static/{name}"), format!("{text} ").repeat(2000)));
    let sandbox = repeated.iter().fold(Sandbox::new(), |sandbox, (path, text)| sandbox.file(path, text));
    sandbox.run(&["manifest", "static", "--out", "root", "--js-modules", "-q"]).expect(0, "", "");
    for (path, text) in &repeated {
        let out = path.replace("static/", "root/");
        assert_eq!(&fs::read_to_string(sandbox.path(&out)).expect("it is there"), text);
    }
    assert_eq!(fs::read_dir(sandbox.path("root")).expect("a directory").count(), 2 * texts.len() + 1);
}

#[test]
fn more_references_to_nothing_than_anybody_reads() {
    let css: String = (0..50_000).map(|index| format!("url(gone{index}.png)\n")).collect();
    let run = Sandbox::new().file("static/a.css", css).run(&["manifest", "static", "-v"]);
    assert_eq!((run.status, run.stdout.as_str()), (1, ""));
    assert_eq!(run.stderr.matches("which was not collected").count(), 1000);
    assert!(
        run.stderr.ends_with(
            "error: `a.css` has the same trouble with 49000 more references, from line 1001 on\n  \
             hint: look at those that are told first\n"
        ),
        "{}",
        &run.stderr[run.stderr.len() - 500..]
    );
}

#[test]
fn an_output_that_cannot_be() {
    let sandbox = Sandbox::new().file("static/css/a.css", "a{}").file("root", "a file");
    let cannot = |path: &str| {
        format!(
            "error: cannot write `{path}`\n  caused by: Not a directory (os error 20)\n  \
             note: the manifest was not replaced; what it names is in place\n  \
             hint: make room, or make the directory writable, and run again\n"
        )
    };
    sandbox.run(&["manifest", "static", "--out", "root/deep"]).expect(1, "", &cannot("root/deep"));
    sandbox.write("out/css", "a file");
    sandbox.write("out/staticfiles.json", "the old one");
    sandbox.run(&["manifest", "static", "--out", "out"]).expect(1, "", &cannot("out/css"));
    assert_eq!(fs::read_to_string(sandbox.path("out/staticfiles.json")).expect("it is there"), "the old one");
    assert_eq!(fs::read_dir(sandbox.path("out")).expect("a directory").count(), 2);
}
