//! What `url` takes.

use clap::Args;
use s3collect::url::Instant;

use super::SettingsFlags;

pub(super) const EXAMPLES: &str = "\
EXAMPLES
  s3collect url css/site.css --bucket acme-assets --location static
  s3collect url css/site.css --manifest             the hashed name, through the manifest
  s3collect url report.pdf --storage media --expire 600 --param ResponseContentDisposition=attachment
  s3collect url upload.bin --storage media --method PUT
  s3collect url 'video/*' --storage media --cookies --policy-resource 'https://cdn.example.com/video/*'
  find static -type f -printf '%P\\n' | s3collect url - --json";

#[derive(Args)]
pub(crate) struct Url {
    #[command(flatten)]
    pub(crate) asked: Asked,
    #[command(flatten)]
    pub(crate) settings: SettingsFlags,
}

/// What is no setting.
#[derive(Args)]
pub(crate) struct Asked {
    /// Names as Django's templates have them; `-` takes one a line from stdin
    #[arg(required = true, value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// How many seconds signed URLs are valid, instead of `querystring_expire`
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3_155_760_000))]
    pub(crate) expire: Option<u64>,
    /// The method that is signed
    #[arg(long, value_name = "METHOD", default_value = "GET", value_parser = ["GET", "HEAD", "PUT", "DELETE"], ignore_case = true)]
    pub(crate) method: String,
    /// An argument of `GetObject` by boto3's name, e.g. `ResponseContentType=text/plain`; at a custom domain any query
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) parameters: Vec<(String, String)>,
    /// When it is signed, instead of now, e.g. `2030-01-31T12:00:00Z`
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub(crate) at: Option<Instant>,
    /// CloudFront: when the URL begins to be valid, e.g. `2030-01-31T12:00:00Z`
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub(crate) not_before: Option<Instant>,
    /// CloudFront: who may use the URL, e.g. `192.0.2.0/24`
    #[arg(long, value_name = "RANGE")]
    pub(crate) ip_address: Option<String>,
    /// CloudFront: the URLs that the policy is for, with `*` and `?`, instead of the one that is signed
    #[arg(long, value_name = "URL")]
    pub(crate) policy_resource: Option<String>,
    /// CloudFront: print what a `Cookie` header holds, instead of the URL
    #[arg(long)]
    pub(crate) cookies: bool,
}

fn instant(text: &str) -> Result<Instant, String> {
    Instant::parse(text).ok_or_else(|| "it must be RFC 3339, e.g. `2030-01-31T12:00:00Z`".to_owned())
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("it must be `NAME=VALUE`")?;
    Ok((name.to_owned(), value.to_owned()))
}
