//! Which files look as if they were not meant for everybody, by their names: keys, settings with secrets, databases,
//! repositories. May not touch file contents. Pure.

/// Directories, whatever is in them.
const DIRECTORIES: &[(&str, &str)] = &[
    (".git", "a repository"),
    (".hg", "a repository"),
    (".svn", "a repository"),
    (".bzr", "a repository"),
    (".ssh", "a directory of keys"),
    (".gnupg", "a directory of keys"),
    (".aws", "a directory of credentials"),
];

/// Base names; one `*` stands for anything. What is public as often as not (`*.crt`, `*.asc`, `*.pub`, `*.db` as in
/// `Thumbs.db`) is left out.
const FILES: &[(&str, &str)] = &[
    ("*.pem", "a private key"),
    ("*.key", "a private key"),
    ("*.p8", "a private key"),
    ("*.ppk", "a private key"),
    ("*_rsa", "a private key"),
    ("*_dsa", "a private key"),
    ("*_ecdsa", "a private key"),
    ("*_ed25519", "a private key"),
    ("*.p12", "a store of keys"),
    ("*.pfx", "a store of keys"),
    ("*.jks", "a store of keys"),
    ("*.keystore", "a store of keys"),
    ("*.kdbx", "a store of passwords"),
    (".env", "settings with secrets"),
    (".env.*", "settings with secrets"),
    ("*.env", "settings with secrets"),
    (".envrc", "settings with secrets"),
    ("s3collect.toml", "settings with secrets"),
    ("local_settings.py", "settings with secrets"),
    ("*.tfvars", "settings with secrets"),
    ("*.tfstate", "settings with secrets"),
    (".htpasswd", "a file of passwords"),
    (".netrc", "a file of passwords"),
    (".pgpass", "a file of passwords"),
    (".git-credentials", "a file of passwords"),
    (".npmrc", "a file of credentials"),
    (".pypirc", "a file of credentials"),
    (".dockercfg", "a file of credentials"),
    (".s3cfg", "a file of credentials"),
    (".boto", "a file of credentials"),
    ("credentials.json", "a file of credentials"),
    ("client_secret*.json", "a file of credentials"),
    ("service-account*.json", "a file of credentials"),
    ("*.sqlite", "a database"),
    ("*.sqlite3", "a database"),
    ("*.sqlite3-wal", "a database"),
    ("*.sqlite3-journal", "a database"),
    ("*.sql", "a database"),
    ("*.sql.gz", "a database"),
    (".*_history", "what somebody typed"),
];

/// What a name looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Suspicion<'a> {
    /// In words, with its article.
    pub(super) kind: &'static str,
    /// The pattern that it matches.
    pub(super) pattern: &'static str,
    /// The name, or the directory in it that looks like that.
    pub(super) part: &'a str,
}

/// What a name looks like, letters of either case; the outermost directory counts first.
pub(super) fn suspect(name: &str) -> Option<Suspicion<'_>> {
    let mut end = 0;
    for component in name.split('/') {
        let start = end;
        end = start + component.len();
        let part = &name[..end];
        if component.starts_with('.')
            && let Some((pattern, kind)) = first(DIRECTORIES, component)
        {
            return Some(Suspicion { kind, pattern, part });
        }
        // The slash behind it.
        end += 1;
    }
    let base_name = name.rsplit('/').next().unwrap_or(name);
    first(FILES, base_name).map(|(pattern, kind)| Suspicion { kind, pattern, part: name })
}

fn first(table: &[(&'static str, &'static str)], text: &str) -> Option<(&'static str, &'static str)> {
    table.iter().copied().find(|(pattern, _)| matches(pattern, text.as_bytes()))
}

fn matches(pattern: &str, text: &[u8]) -> bool {
    // Most patterns are about the end, and most names do not even have its last letter.
    let [.., last] = pattern.as_bytes() else { return text.is_empty() };
    if *last != b'*' && !text.last().is_some_and(|letter| letter.eq_ignore_ascii_case(last)) {
        return false;
    }
    let Some((start, end)) = pattern.split_once('*') else {
        return text.eq_ignore_ascii_case(pattern.as_bytes());
    };
    text.len() >= start.len() + end.len()
        && text[..start.len()].eq_ignore_ascii_case(start.as_bytes())
        && text[text.len() - end.len()..].eq_ignore_ascii_case(end.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(name: &str) -> Option<(&str, &str)> {
        suspect(name).map(|suspicion| (suspicion.pattern, suspicion.part))
    }

    #[test]
    fn keys_settings_databases_and_repositories_are_suspected() {
        for (name, pattern, part) in [
            ("deploy/key.pem", "*.pem", "deploy/key.pem"),
            ("TLS/SERVER.KEY", "*.key", "TLS/SERVER.KEY"),
            ("id_rsa", "*_rsa", "id_rsa"),
            ("a/deploy_ed25519", "*_ed25519", "a/deploy_ed25519"),
            (".env", ".env", ".env"),
            (".env.production", ".env.*", ".env.production"),
            ("conf/prod.env", "*.env", "conf/prod.env"),
            ("db.sqlite3", "*.sqlite3", "db.sqlite3"),
            ("db.sqlite3-wal", "*.sqlite3-wal", "db.sqlite3-wal"),
            ("app/.git/objects/ab/cd", ".git", "app/.git"),
            ("app/.Git", ".git", "app/.Git"),
            (".ssh/known_hosts", ".ssh", ".ssh"),
            (".bash_history", ".*_history", ".bash_history"),
            ("s3collect.toml", "s3collect.toml", "s3collect.toml"),
        ] {
            assert_eq!(seen(name), Some((pattern, part)), "{name}");
        }
    }

    #[test]
    fn what_static_trees_are_full_of_is_not() {
        for name in [
            "css/site.css",
            "js/env.js",
            "js/environment.js",
            "img/key.svg",
            "keys/index.html",
            "id_rsa.pub",
            "tls/ca.crt",
            "Thumbs.db",
            ".htaccess",
            ".gitignore",
            ".well-known/security.txt",
            ".vite/manifest.json",
            "sql.js",
            "mode-sql.js",
            "git/config",
            "history.js",
            "manifest.json",
            "",
        ] {
            assert_eq!(seen(name), None, "{name}");
        }
    }

    #[test]
    fn the_documentation_names_every_pattern() {
        let page = include_str!("../../docs/semantics.md");
        for (pattern, _) in DIRECTORIES.iter().chain(FILES) {
            assert!(page.contains(&format!("`{pattern}`")), "{pattern}");
        }
    }
}
