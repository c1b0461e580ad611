//! The verbs of the storage API.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::SettingsFlags;

const LS_EXAMPLES: &str = "\
EXAMPLES
  s3collect ls                                      what lies directly under the location
  s3collect ls photos -l --storage media
  s3collect ls -R --json | jq -r '.files[].name'";

const STAT_EXAMPLES: &str = "\
EXAMPLES
  s3collect stat photos/cat.jpg --storage media
  s3collect stat css/site.css --json";

const EXISTS_EXAMPLES: &str = "\
EXAMPLES
  s3collect exists photos/cat.jpg && echo there
  s3collect exists photos/cat.jpg --json            0 when it is there, 3 when it is not

A 403 is an error (1), not an absence: S3 gives it to those who may not list the bucket.";

const CAT_EXAMPLES: &str = "\
EXAMPLES
  s3collect cat staticfiles.json
  s3collect cat logs/a.txt logs/b.txt --storage media

With `gzip = true` what is stored compressed is decompressed, as django-storages does it.";

const GET_EXAMPLES: &str = "\
EXAMPLES
  s3collect get videos/talk.mp4 --storage media     into ./talk.mp4
  s3collect get videos/talk.mp4 /srv/talk.mp4

Large files come in stretches beside each other, are held against the checksum that the bucket keeps, and
appear whole. What an interrupt leaves is a hidden file, from which the next `get` goes on.";

const PUT_EXAMPLES: &str = "\
EXAMPLES
  s3collect put cat.jpg photos/cat.jpg --storage media
  pg_dump acme | s3collect put - backups/acme.sql --storage media
  s3collect put cat.jpg --set file_overwrite=false  prints the name that it got

It prints the name under which the file is stored. An interrupt leaves nothing; what is left of a large upload by a
process that was killed, the next `put` on the machine takes back.";

const RM_EXAMPLES: &str = "\
EXAMPLES
  s3collect rm photos/cat.jpg photos/dog.jpg --storage media
  s3collect rm -r photos/2019 --storage media --yes

A name that is not there is no error. Records of releases stay, unless `-r .s3collect` names them.";

/// Django's file storage API at a shell.
#[derive(Subcommand)]
pub(crate) enum StorageVerb {
    /// List what lies directly in a directory: directories with a slash, then files
    #[command(after_help = LS_EXAMPLES)]
    Ls(Ls),
    /// Print what the bucket says of a file: size, ETag, date, headers, checksums
    #[command(after_help = STAT_EXAMPLES)]
    Stat(One),
    /// Exit 0 when there is such a file and 3 when there is none
    #[command(after_help = EXISTS_EXAMPLES)]
    Exists(One),
    /// Write files to stdout
    #[command(after_help = CAT_EXAMPLES)]
    Cat(Cat),
    /// Download a file
    #[command(after_help = GET_EXAMPLES)]
    Get(Get),
    /// Store a file, or stdin
    #[command(after_help = PUT_EXAMPLES)]
    Put(Put),
    /// Delete files
    #[command(after_help = RM_EXAMPLES)]
    Rm(Rm),
}

#[derive(Args)]
pub(crate) struct Ls {
    /// A directory below the location; without it, the location
    #[arg(value_name = "PREFIX", default_value = "", hide_default_value = true)]
    pub(crate) prefix: String,
    /// Sizes and dates, too
    #[arg(short, long)]
    pub(crate) long: bool,
    /// All files, however deep
    #[arg(short = 'R', long)]
    pub(crate) recursive: bool,
    #[command(flatten)]
    pub(crate) settings: SettingsFlags,
}

#[derive(Args)]
pub(crate) struct One {
    /// The name below the location
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) settings: SettingsFlags,
}

#[derive(Args)]
pub(crate) struct Cat {
    /// Names below the location
    #[arg(required = true, value_name = "NAME")]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) settings: SettingsFlags,
}

#[derive(Args)]
pub(crate) struct Get {
    /// The name below the location
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// Where to; without it, under its own name here. Of a directory, into that
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) settings: SettingsFlags,
}

#[derive(Args)]
pub(crate) struct Put {
    /// The file, or `-` for stdin, of whatever length
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The name below the location; without it, the file's own. Stdin has none
    #[arg(value_name = "NAME", required_if_eq("file", "-"))]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) settings: SettingsFlags,
}

#[derive(Args)]
pub(crate) struct Rm {
    /// Names below the location; with `-r` directories, of which everything is deleted
    #[arg(required = true, value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// Delete everything under the names; asks on a terminal, and wants `--yes` otherwise
    #[arg(short, long)]
    pub(crate) recursive: bool,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) settings: SettingsFlags,
}

impl StorageVerb {
    /// The flags that are settings.
    pub(crate) fn settings(&mut self) -> &mut SettingsFlags {
        match self {
            Self::Ls(Ls { settings, .. })
            | Self::Stat(One { settings, .. })
            | Self::Exists(One { settings, .. })
            | Self::Cat(Cat { settings, .. })
            | Self::Get(Get { settings, .. })
            | Self::Put(Put { settings, .. })
            | Self::Rm(Rm { settings, .. }) => settings,
        }
    }
}
