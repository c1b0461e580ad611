//! `settings show` and `settings check`: rows and problems of the library, as text and as JSON.

use std::io::{self, Write};

use s3collect::error::{Exit, Problem};
use s3collect::settings::show::{self, Row};
use s3collect::settings::{Combined, Needs, SettingsError};
use serde_json::json;

/// A push takes its static dirs from the command line in most cases, so none in the settings is fine.
const CHECKED: Needs = Needs { bucket: true, sources: false };

/// Prints what is set and where it comes from. Settings that cannot be used are told, and end with 2.
///
/// # Errors
/// Those of the writers.
pub(crate) fn show(
    combined: Combined,
    all: bool,
    as_json: bool,
    stdout: &mut impl Write,
    stderr: &mut impl Write,
) -> io::Result<Exit> {
    let rows = show::rows(&combined);
    if as_json {
        serde_json::to_writer_pretty(&mut *stdout, &rows)?;
        writeln!(stdout)?;
    } else {
        let shown: Vec<&Row> = rows.iter().filter(|row| all || !row.is_default).collect();
        write_rows(&shown, stdout)?;
        let hidden = rows.len() - shown.len();
        if hidden > 0 {
            writeln!(stderr, "{hidden} settings are at their default; `--all` shows them")?;
        }
    }
    let (warnings, errors) = problems(combined, Needs { bucket: false, sources: false });
    write_problems("warning", &warnings, stderr)?;
    write_problems("error", &errors, stderr)?;
    Ok(if errors.is_empty() { Exit::Done } else { Exit::Usage })
}

/// Says whether a push could run with these settings.
///
/// # Errors
/// Those of the writers.
pub(crate) fn check(
    combined: Combined,
    as_json: bool,
    quiet: bool,
    stdout: &mut impl Write,
    stderr: &mut impl Write,
) -> io::Result<Exit> {
    let rows = show::rows(&combined);
    let given = rows.iter().filter(|row| !row.is_default).count();
    let file = combined.file.as_ref().map(|file| file.name.clone());
    let (warnings, errors) = problems(combined, CHECKED);
    let ok = errors.is_empty();
    if as_json {
        let document = json!({
            "verb": "settings check", "ok": ok, "file": file, "warnings": warnings, "errors": errors,
        });
        serde_json::to_writer_pretty(&mut *stdout, &document)?;
        writeln!(stdout)?;
    } else {
        write_problems("warning", &warnings, stderr)?;
        write_problems("error", &errors, stderr)?;
        if ok && !quiet {
            let file = file.map_or_else(|| "no settings file".to_owned(), |file| format!("`{file}`"));
            writeln!(stderr, "settings are fine: {given} set, {file}")?;
        }
    }
    Ok(if ok { Exit::Done } else { Exit::Usage })
}

fn problems(combined: Combined, needs: Needs) -> (Vec<Problem>, Vec<Problem>) {
    let warnings = combined.warnings().to_vec();
    let errors = combined.resolve(needs).err().unwrap_or_default();
    (warnings, errors.iter().map(Problem::of::<SettingsError>).collect())
}

/// `name = value  # origin`, in columns as long as values are short.
fn write_rows(rows: &[&Row], stdout: &mut impl Write) -> io::Result<()> {
    const WIDEST: usize = 40;
    let values: Vec<String> = rows.iter().map(|row| show::toml_text(&row.value)).collect();
    let name_width = rows.iter().map(|row| row.name.len()).max().unwrap_or_default();
    let widths = values.iter().map(|value| value.chars().count());
    let value_width = widths.filter(|width| *width <= WIDEST).max().unwrap_or_default();
    for (row, value) in rows.iter().zip(&values) {
        let later = if row.status == "acts" { String::new() } else { format!(", {}", row.status) };
        writeln!(stdout, "{:name_width$} = {value:value_width$}  # {}{later}", row.name, row.origin)?;
    }
    Ok(())
}

fn write_problems(kind: &str, problems: &[Problem], stderr: &mut impl Write) -> io::Result<()> {
    for problem in problems {
        writeln!(stderr, "{kind}: {}", problem.message)?;
        for cause in &problem.causes {
            writeln!(stderr, "  caused by: {cause}")?;
        }
        for (name, text) in [("note", &problem.note), ("hint", &problem.hint)] {
            if let Some(text) = text {
                writeln!(stderr, "  {name}: {text}")?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use s3collect::settings::{Given, Layer, Source, combine};

    use super::*;

    fn combined(variables: &[(&str, &str)]) -> Combined {
        let environment: BTreeMap<String, String> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        combine(Given {
            flags: Layer::new(Source::Flag),
            sets: &[],
            environment: &environment,
            config: None,
            directory: Path::new("/nowhere/at/all"),
            home: None,
            static_dir_exists: false,
        })
    }

    fn printed(run: impl FnOnce(&mut Vec<u8>, &mut Vec<u8>) -> io::Result<Exit>) -> (Exit, String, String) {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let exit = run(&mut stdout, &mut stderr).expect("memory takes everything");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        (exit, text(stdout), text(stderr))
    }

    const VARIABLES: [(&str, &str); 3] = [
        ("AWS_LOCATION", "static"),
        ("AWS_S3_OBJECT_PARAMETERS", r#"{"CacheControl": "no-store"}"#),
        ("AWS_SECRET_ACCESS_KEY", "hunter2"),
    ];

    #[test]
    fn show_has_a_line_for_each_setting_that_was_given() {
        let (exit, stdout, stderr) =
            printed(|stdout, stderr| show(combined(&VARIABLES[..2]), false, false, stdout, stderr));
        assert_eq!(exit, Exit::Done);
        assert_eq!(
            stdout,
            "object_parameters = { CacheControl = \"no-store\" }  # `AWS_S3_OBJECT_PARAMETERS` in the environment\n\
             location          = \"static\"                       # `AWS_LOCATION` in the environment\n"
        );
        let hidden = show::rows(&combined(&VARIABLES[..2])).len() - 2;
        assert_eq!(stderr, format!("{hidden} settings are at their default; `--all` shows them\n"));
    }

    #[test]
    fn show_masks_secrets_and_tells_what_is_wrong() {
        let (exit, stdout, stderr) =
            printed(|stdout, stderr| show(combined(&VARIABLES), true, true, stdout, stderr));
        assert_eq!(exit, Exit::Usage);
        let rows: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
        assert_eq!(
            rows[0],
            json!({
                "name": "secret_key", "value": "********",
                "origin": "`AWS_SECRET_ACCESS_KEY` in the environment", "status": "acts",
            })
        );
        assert_eq!(
            stderr,
            "error: `secret_key` is set and `access_key` is not\n  \
               note: `secret_key` comes from `AWS_SECRET_ACCESS_KEY` in the environment\n  \
               hint: set `AWS_S3_ACCESS_KEY_ID` as well, or neither to ask the AWS credential chain\n"
        );
        assert!(!stdout.contains("hunter2"));
    }

    #[test]
    fn check_says_fine_or_all_that_is_wrong() {
        let fine = [("AWS_STORAGE_BUCKET_NAME", "b"), ("AWS_S3_CUSTOM_DOMAIN", "cdn.example.com")];
        assert_eq!(
            printed(|stdout, stderr| check(combined(&fine), false, false, stdout, stderr)),
            (
                Exit::Done,
                String::new(),
                "warning: `AWS_S3_CUSTOM_DOMAIN` in the environment does not act yet\n  \
                   note: it is a known setting; this version reads it, checks its type and goes on without it\n\
                 settings are fine: 2 set, no settings file\n"
                    .to_owned()
            )
        );
        assert_eq!(
            printed(|stdout, stderr| check(
                combined(&[("AWS_IS_GZIPPED", "maybe")]),
                false,
                false,
                stdout,
                stderr
            )),
            (
                Exit::Usage,
                String::new(),
                "error: `AWS_IS_GZIPPED` in the environment must be `true` or `false`, found `maybe`\n\
                 error: no bucket is named\n  \
                   hint: give `--bucket NAME`, or set `bucket_name` in `s3collect.toml`\n"
                    .to_owned()
            )
        );
    }
}
