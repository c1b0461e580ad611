//! The recipes of `docs/ci.md` and the action that they use, carried out as far as that goes without the machines they are for:
//! their own lines in the shell that they name, against an endpoint that has the bucket.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use regex::Regex;
use s3collect::local::{Options, Server};
use tempfile::TempDir;
use yaml_rust2::{Yaml, YamlLoader};

use crate::support::{Sandbox, copy_tree};

type Variables = BTreeMap<String, String>;

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn blocks(language: &str) -> Vec<String> {
    let page = fs::read_to_string(repository().join("docs/ci.md")).expect("a page");
    let opening = format!("```{language}\n");
    let blocks = page.split(opening.as_str()).skip(1);
    blocks.map(|rest| rest.split("```").next().unwrap_or_default().to_owned()).collect()
}

fn yaml(text: &str) -> Yaml {
    YamlLoader::load_from_str(text).unwrap_or_else(|error| panic!("{error}: {text}")).remove(0)
}

fn text(value: &Yaml) -> String {
    match value {
        Yaml::String(text) | Yaml::Real(text) => text.clone(),
        Yaml::Integer(number) => number.to_string(),
        other => panic!("{other:?} is no text"),
    }
}

fn entries(map: &Yaml) -> Variables {
    let map = map.as_hash().into_iter().flatten();
    map.map(|(name, value)| (text(name), text(value))).collect()
}

/// What a pipeline puts for its expressions. What it does not know is an error.
fn filled(template: &str, values: &Variables) -> String {
    let expression = Regex::new(r"\$\{\{ ([^}]+) \}\}").expect("a pattern");
    let value = |found: &regex::Captures<'_>| {
        values.get(&found[1]).unwrap_or_else(|| panic!("nothing is known of `{}`", &found[1])).clone()
    };
    expression.replace_all(template, value).into_owned()
}

/// A machine of a pipeline: a checkout with a site, credentials, `s3collect` where it is looked for.
struct Machine {
    sandbox: Sandbox,
    server: Server,
    _bucket: TempDir,
}

impl Machine {
    async fn new() -> Self {
        let bucket = TempDir::new().expect("a directory");
        let options =
            Options { create_buckets: vec!["acme-assets".to_owned()], ..Options::new(bucket.path()) };
        let keys = options.credentials.clone();
        let server = Server::start(options).await.expect("an endpoint");
        // As whatever logs in leaves them.
        let sandbox = Sandbox::new()
            .env("AWS_ACCESS_KEY_ID", &keys.access_key)
            .env("AWS_SECRET_ACCESS_KEY", &keys.secret_key)
            .env("AWS_ENDPOINT_URL", &server.endpoint_url());
        copy_tree(&repository().join("fixtures/site"), &sandbox.path("static"));
        fs::create_dir(sandbox.path("bin")).expect("a directory");
        symlink(env!("CARGO_BIN_EXE_s3collect"), sandbox.path("bin/s3collect")).expect("a link");
        // Installing needs a network; that it is asked for is seen.
        for program in ["pip", "pipx"] {
            let path = sandbox.path(&format!("bin/{program}"));
            fs::write(&path, format!("#!/bin/sh\necho {program} \"$@\" >> \"$HOME/installed\"\n"))
                .expect("a program");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a program");
        }
        Self { sandbox, server, _bucket: bucket }
    }

    /// Runs lines in a shell; what it printed.
    #[track_caller]
    fn shell(&self, shell: &[&str], lines: &str, variables: &Variables) -> String {
        let path = format!("{}:/usr/bin:/bin", self.sandbox.path("bin").display());
        let output = Command::new(shell[0])
            .args(&shell[1..])
            .arg(lines)
            .current_dir(self.sandbox.path(""))
            .env_clear()
            .env("HOME", self.sandbox.path("home"))
            .env("PATH", path)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .envs(self.sandbox.environment())
            .envs(variables)
            .output()
            .expect("a shell");
        let printed = self.sandbox.filtered(&[output.stdout, output.stderr].concat());
        assert!(output.status.success(), "{lines}\n{printed}");
        printed
    }

    /// One use of the action, with its inputs.
    fn action(&self, given: &Variables) -> String {
        let action = yaml(&fs::read_to_string(repository().join("action.yml")).expect("an action"));
        let mut inputs = Variables::new();
        for (name, input) in action["inputs"].as_hash().expect("inputs") {
            assert!(!text(&input["description"]).is_empty());
            inputs.insert(format!("inputs.{}", text(name)), text(&input["default"]));
        }
        for (name, value) in given {
            let known = inputs.insert(format!("inputs.{name}"), value.clone());
            assert!(known.is_some(), "the action has no input `{name}`");
        }
        assert_eq!(text(&action["runs"]["using"]), "composite");
        let mut printed = String::new();
        for step in action["runs"]["steps"].as_vec().expect("steps") {
            assert_eq!(text(&step["shell"]), "bash");
            let variables = entries(&step["env"]);
            let variables = variables.into_iter().map(|(name, value)| (name, filled(&value, &inputs)));
            // As GitHub runs `shell: bash`.
            let shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"];
            printed += &self.shell(&shell, &text(&step["run"]), &variables.collect());
        }
        printed
    }

    /// All jobs of a workflow of GitHub's; what the uses of the action printed.
    fn workflow(&self, workflow: &Yaml) -> String {
        let values = Variables::from([("github.run_number".to_owned(), "7".to_owned())]);
        let mut printed = String::new();
        for (_, job) in workflow["jobs"].as_hash().expect("jobs") {
            for step in job["steps"].as_vec().expect("steps") {
                let uses = text(&step["uses"]);
                let given = entries(&step["with"]);
                match uses.split('@').next().unwrap_or_default() {
                    "actions/checkout" => {}
                    "aws-actions/configure-aws-credentials" => {
                        assert!(given["role-to-assume"].starts_with("arn:aws:iam::"), "{given:?}");
                        assert_eq!(text(&workflow["permissions"]["id-token"]), "write");
                    }
                    "OWNER/s3collect" => {
                        let given = given.into_iter().map(|(name, value)| (name, filled(&value, &values)));
                        printed += &self.action(&given.collect());
                    }
                    other => panic!("`{other}` is not known"),
                }
            }
        }
        printed
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn workflows_deploy_preview_and_clean() {
    let machine = Machine::new().await;
    let version = format!("s3collect {}\n", env!("CARGO_PKG_VERSION"));
    let mut printed = BTreeMap::new();
    for block in blocks("yaml").iter().filter(|block| block.starts_with("# .github/")) {
        let workflow = yaml(block);
        let told = machine.workflow(&workflow);
        let told = told.strip_prefix(&version).expect("the version is told first").to_owned();
        printed.insert(text(&workflow["name"]), told.lines().last().unwrap_or_default().to_owned());
    }
    let expected = [
        (
            "clean",
            "0 objects deleted, 51 kept, 0 too young, 0 not recorded  s3://acme-assets/static/  [TIME]",
        ),
        (
            "deploy",
            "25 assets: 51 put (34.6 KiB), 0 unchanged; manifest published  s3://acme-assets/static/  [TIME]",
        ),
        (
            "preview",
            "25 assets: 0 to put, 51 unchanged; manifest unchanged  s3://acme-assets/static/  [TIME]",
        ),
    ];
    let expected = expected.map(|(name, line)| (name.to_owned(), line.to_owned()));
    assert_eq!(printed, BTreeMap::from(expected));
    machine.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_action_splits_nothing_and_installs_what_is_missing() {
    let machine = Machine::new().await;
    copy_tree(&machine.sandbox.path("static/css"), &machine.sandbox.path("with blank $HOME"));
    let given = |arguments: &str| {
        Variables::from([
            ("arguments".to_owned(), arguments.to_owned()),
            ("version".to_owned(), "0.1.0".to_owned()),
        ])
    };
    let told = machine.action(&given("with blank $HOME\n\n--bucket=acme-assets\n"));
    assert!(told.ends_with("put (2.8 KiB), 0 unchanged  s3://acme-assets/  [TIME]\n"), "{told}");
    let installed = machine.sandbox.path("home/installed");
    assert!(!installed.exists(), "there is one");
    fs::rename(machine.sandbox.path("bin/s3collect"), machine.sandbox.path("s3collect")).expect("moved");
    let pipx = format!("#!/bin/sh\necho \"$@\" > {}\nmv s3collect bin/\n", installed.display());
    fs::write(machine.sandbox.path("bin/pipx"), pipx).expect("a program");
    machine.action(&given("./static\n--bucket=acme-assets\n--location=static"));
    assert_eq!(fs::read_to_string(installed).expect("it was asked for"), "install s3collect==0.1.0\n");
    machine.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_gitlab_deploy() {
    let machine = Machine::new().await;
    let block =
        blocks("yaml").into_iter().find(|block| block.starts_with("# .gitlab-ci.yml")).expect("a job");
    let pipeline = yaml(&block);
    let job = &pipeline["static"];
    let here = machine.sandbox.path("").display().to_string();
    let mut variables = Variables::from([
        ("CI_PIPELINE_IID".to_owned(), "7".to_owned()),
        ("AWS_TOKEN".to_owned(), "a.b.c".to_owned()),
    ]);
    assert!(job["id_tokens"]["AWS_TOKEN"].as_hash().is_some());
    for (name, value) in entries(&job["variables"]) {
        variables.insert(name, value.replace("$CI_PROJECT_DIR", here.trim_end_matches('/')));
    }
    let lines: Vec<String> = ["before_script", "script"]
        .iter()
        .flat_map(|part| job[*part].as_vec().expect("lines").iter().map(text))
        .collect();
    let told = machine.shell(&["sh", "-ec"], &lines.join("\n"), &variables);
    assert!(told.ends_with("manifest published  s3://acme-assets/static/  [TIME]\n"), "{told}");
    assert_eq!(fs::read_to_string(machine.sandbox.path(".aws-token")).expect("a token"), "a.b.c\n");
    assert!(machine.sandbox.path(&text(&job["artifacts"]["paths"][0])).is_file());
    machine.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_run() {
    let machine = Machine::new().await;
    let scripts = blocks("bash");
    assert_eq!(scripts.len(), 2);
    let told: Vec<String> =
        scripts.iter().map(|script| machine.shell(&["bash", "-c"], script, &Variables::new())).collect();
    assert!(
        told[0].contains("live\n") && told[0].contains("51 objects verified: all as recorded"),
        "{told:?}"
    );
    assert!(told[1].ends_with("0 put, 51 unchanged; manifest unchanged  s3://acme-assets/static/  [TIME]\n"));
    machine.server.stop().await;
}
