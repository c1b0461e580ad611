//! `url`: prints a URL a line, or the document.

use std::io::{self, BufRead};
use std::path::PathBuf;
use std::time::SystemTime;

use s3collect::error::{Exit, Problem};
use s3collect::settings::Loaded;
use s3collect::url::{PolicyTerms, UrlRequest};
use s3collect::urls::{NamedUrl, UrlOptions, urls};

use crate::args::UrlAsked;
use crate::output::Printer;

/// Finds URLs and tells.
pub(crate) fn run(
    loaded: &Loaded,
    asked: UrlAsked,
    cache: Option<PathBuf>,
    as_json: bool,
    printer: &Printer,
) -> io::Result<Exit> {
    printer.warnings(&loaded.warnings);
    let names = match names(asked.names) {
        Ok(names) => names,
        Err(error) => {
            let problem = Problem::new(format!("names could not be read from stdin: {error}"));
            return printer.failed(&[problem], as_json);
        }
    };
    #[expect(clippy::disallowed_methods, reason = "the door to the clock: URLs are signed now")]
    let now = asked.at.unwrap_or_else(|| SystemTime::now().into());
    let request = UrlRequest {
        parameters: asked.parameters,
        method: asked.method.to_ascii_uppercase(),
        expire: asked.expire,
        now,
        terms: PolicyTerms {
            not_before: asked.not_before,
            ip_address: asked.ip_address,
            resource: asked.policy_resource,
        },
    };
    let options = UrlOptions { names, request, cookies: asked.cookies, cache };
    let answer = match crate::runtime()?.block_on(urls(&loaded.settings, &options)) {
        Ok(answer) => answer,
        Err(problems) => return printer.failed(&problems, as_json),
    };
    printer.warnings(&answer.warnings);
    if as_json {
        printer.json(&answer.urls)?;
    } else {
        let line = |url: &NamedUrl| url.cookies.as_ref().unwrap_or(&url.url).clone();
        printer.rows(answer.urls.iter().map(line))?;
    }
    Ok(Exit::Done)
}

/// Names as they were typed, with those of stdin in the place of `-`.
fn names(typed: Vec<String>) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for name in typed {
        if name != "-" {
            names.push(name);
            continue;
        }
        for line in io::stdin().lock().lines() {
            names.extend(Some(line?).filter(|line| !line.is_empty()));
        }
    }
    Ok(names)
}
