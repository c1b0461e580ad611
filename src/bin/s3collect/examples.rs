//! What stands below the help of each verb.

pub(crate) const EXAMPLES: &str = "\
EXAMPLES
  s3collect push ./static --local ./bucket          try it, with no account
  s3collect push ./static --bucket acme-assets --location static
  s3collect push --dry-run                          what would be put, and why
  s3collect ls --storage media                      what is in the bucket
  s3collect settings show                           what is set, and where it comes from

Settings come from flags, `[storages.NAME]` of the file, the environment (`AWS_…` as in
django-storages) and the file's top level, in this order. The file is `s3collect.toml`, or
`[tool.s3collect]` in `pyproject.toml`.

EXIT STATUS
  0 done   1 files or service   2 command line or settings   3 differences   130 interrupted";

pub(crate) const PUSH_EXAMPLES: &str = "\
EXAMPLES
  s3collect push ./static --local ./bucket          into an embedded S3 endpoint, with no account
  s3collect push ./static ./vendor --bucket acme-assets --location static --gzip
  s3collect push --source admin=./admin/static      names below `admin/`
  s3collect push --object-parameters '{\"CacheControl\": \"max-age=86400\"}'
  s3collect push --django mysite.settings           what `manage.py collectstatic` would push
  s3collect push --dry-run --exit-code              3 when anything would be put
  s3collect push --set 'rules=[{\"match\": \"*.html\", \"gzip\": false}]'";

pub(crate) const GC_EXAMPLES: &str = "\
EXAMPLES
  s3collect gc                                      what would be deleted, and why
  s3collect gc --yes --max-delete 5000
  s3collect gc --set retain_releases=10 --set min_age=90d

It keeps what the `retain_releases` newest releases of every app name, the published one among them, and everything
until `min_age` after the last release with it had a successor. What no record names is never touched.";

pub(crate) const MANIFEST_EXAMPLES: &str = "\
EXAMPLES
  s3collect manifest ./static                       staticfiles.json on stdout
  s3collect manifest ./static --out ./staticroot --clean
  s3collect manifest ./static --js-modules --static-url /assets/ --json
  s3collect manifest ./static --set missing_source_map=warn";

pub(crate) const EXPLAIN_EXAMPLES: &str = "\
EXAMPLES
  s3collect explain css/site.css
  s3collect explain css/site.css img/logo.svg --source ./static --gzip --json";

pub(crate) const SETTINGS_EXAMPLES: &str = "\
EXAMPLES
  s3collect settings show
  s3collect settings show --all --storage media
  s3collect settings show --json | jq '.[] | select(.origin != \"default\")'
  s3collect settings check --config deploy/s3collect.toml";

pub(crate) const IMPORT_EXAMPLES: &str = "\
EXAMPLES
  s3collect settings import --django mysite.settings --out s3collect.toml
  s3collect settings import --django mysite.settings --python .venv/bin/python";

pub(crate) const MIGRATE_EXAMPLES: &str = "\
EXAMPLES
  s3collect settings migrate site/settings.py > new.py
  s3collect settings migrate --form env - < .env    `AWS_HEADERS={…}` and the like
  s3collect settings migrate site/settings.py --persisted-urls";

pub(crate) const DOCTOR_EXAMPLES: &str = "\
EXAMPLES
  s3collect doctor                                  what a push needs
  s3collect doctor --for push,gc,rollback --origin https://www.example.com
  s3collect doctor --storage media --for put,url --json

It puts small objects of its own below `.s3collect/` in the location, and removes them again; `--read-only` puts none.";

pub(crate) const POLICY_EXAMPLES: &str = "\
EXAMPLES
  s3collect iam-policy --bucket acme-assets --location static
  s3collect iam-policy --for push,gc                what a deploy and its cleaning up need
  s3collect iam-policy --for url --storage media";

pub(crate) const SERVE_EXAMPLES: &str = "\
EXAMPLES
  s3collect push ./static --local ./bucket          put something there; also while it is served
  s3collect serve --local ./bucket
  s3collect serve --local ./bucket --port 9000      the same URL each time";

pub(crate) const RELEASES_EXAMPLES: &str = "\
EXAMPLES
  s3collect releases
  s3collect releases --app shop --limit 5 --json";

pub(crate) const ROLLBACK_EXAMPLES: &str = "\
EXAMPLES
  s3collect rollback                                the release before the live one
  s3collect rollback --dry-run
  s3collect rollback 20261121T101112Z               as `s3collect releases` lists them";

pub(crate) const VERIFY_EXAMPLES: &str = "\
EXAMPLES
  s3collect verify                                  ETags, sizes, and headers by a HEAD each
  s3collect verify --deep --strict --json           every body read; foreign objects count";

pub(crate) const COMPLETIONS_EXAMPLES: &str = "\
EXAMPLES
  s3collect completions bash > ~/.local/share/bash-completion/completions/s3collect
  s3collect completions zsh > ~/.zfunc/_s3collect
  s3collect completions fish > ~/.config/fish/completions/s3collect.fish
  s3collect completions powershell >> $PROFILE";

pub(crate) const MAN_EXAMPLES: &str = "\
EXAMPLES
  s3collect man | man -l -
  s3collect man settings show
  s3collect man --out ~/.local/share/man/man1";
