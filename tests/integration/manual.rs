//! Completions and manual pages, made from the definitions of the command line.

use std::process::{Command, Stdio};

use crate::support::Sandbox;

#[test]
fn every_shell_is_told_of_verbs_and_flags() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let run = sandbox.run(&["completions", shell]);
        assert_eq!((run.status, run.stderr.as_str()), (0, ""));
        for word in ["push", "rollback-me-not", "verify", "max-delete"] {
            assert_eq!(run.stdout.contains(word), word != "rollback-me-not", "{shell}: {word}");
        }
    }
    let refused = sandbox.run(&["completions", "tcsh"]);
    assert_eq!(refused.status, 2);
    assert!(refused.stderr.contains("bash, elvish, fish, powershell, zsh"), "{}", refused.stderr);
}

/// A shell that is not there is not asked.
#[test]
fn bash_completes_by_them() {
    let sandbox = Sandbox::new();
    let script = sandbox.run(&["completions", "bash"]).stdout;
    let asked =
        "COMP_WORDS=(s3collect gc --max); COMP_CWORD=2; _s3collect s3collect --max gc; echo ${COMPREPLY[*]}";
    let sandbox = sandbox.file("completions.sh", &script);
    let bash = Command::new("bash")
        .args(["--norc", "-c", &format!(". ./completions.sh; {asked}")])
        .current_dir(sandbox.path(""))
        .stdin(Stdio::null())
        .output();
    if let Ok(output) = bash {
        assert_eq!(String::from_utf8_lossy(&output.stdout), "--max-delete\n");
    }
}

#[test]
fn each_verb_has_a_page() {
    let sandbox = Sandbox::new();
    let page = sandbox.run(&["man", "gc"]);
    assert_eq!((page.status, page.stderr.as_str()), (0, ""));
    assert!(page.stdout.contains(".TH s3collect-gc 1"), "{}", page.stdout);
    assert!(page.stdout.contains("\\fB\\-\\-max\\-delete\\fR"), "{}", page.stdout);
    sandbox.run(&["man", "--out", "pages"]).expect(0, "", "");
    let help = sandbox.run(&["--help"]).stdout;
    let verbs =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // Lines that go on from the one before are further in.
    let verbs = verbs.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let verbs: Vec<&str> = verbs.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(verbs.contains(&"verify"), "{verbs:?}");
    for verb in verbs.into_iter().filter(|verb| *verb != "help") {
        assert!(sandbox.path(&format!("pages/s3collect-{verb}.1")).is_file(), "{verb}");
    }
    assert!(sandbox.path("pages/s3collect-settings-show.1").is_file());
    sandbox.run(&["man", "pusch"]).expect(
        2,
        "",
        "error: there is no verb `pusch`\n  hint: `s3collect --help` has verbs and flags\n",
    );
}
