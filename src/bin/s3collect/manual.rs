//! `completions` and `man`: what shells and `man` are told of the command line, made from its own definitions.

use std::io;
use std::path::Path;

use clap::{Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::{Man as Page, generate_to};
use s3collect::error::{Exit, Problem};

use crate::args::{Arguments, Man};
use crate::output::Printer;

/// Prints the completions for a shell.
pub(crate) fn completions(shell: Shell, printer: &Printer) -> io::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "s3collect", &mut script);
    printer.bytes(&script)?;
    Ok(Exit::Done)
}

/// Prints a manual page, or writes all of them.
pub(crate) fn man(asked: &Man, as_json: bool, printer: &Printer) -> io::Result<Exit> {
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    if let Some(directory) = &asked.out {
        return match written(command, directory) {
            Ok(()) => Ok(Exit::Done),
            Err(error) => {
                let problem =
                    Problem::new(format!("the pages cannot be written to `{}`", directory.display()));
                printer.failed(&[Problem { causes: vec![error.to_string()], ..problem }], as_json)
            }
        };
    }
    match found(&command, &asked.verb) {
        Some(command) => {
            let mut page = Vec::new();
            Page::new(command.clone().display_name(title(&asked.verb))).render(&mut page)?;
            printer.bytes(&page)?;
            Ok(Exit::Done)
        }
        None => {
            let problem = Problem::new(format!("there is no verb `{}`", asked.verb.join(" ")));
            let problem = problem.with_hint("`s3collect --help` has verbs and flags").with_exit(Exit::Usage);
            printer.failed(&[problem], as_json)
        }
    }
}

fn written(command: Command, directory: &Path) -> io::Result<()> {
    std::fs::create_dir_all(directory)?;
    generate_to(command, directory)
}

/// The command that some words name, one below the other.
fn found<'a>(command: &'a Command, words: &[String]) -> Option<&'a Command> {
    words.iter().try_fold(command, |command, word| command.find_subcommand(word))
}

/// `s3collect-settings-show`, as its page is called.
fn title(words: &[String]) -> String {
    ["s3collect"].into_iter().chain(words.iter().map(String::as_str)).collect::<Vec<_>>().join("-")
}
