//! A storage over what settings name: a service, or the embedded endpoint in this process.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::Problem;
use crate::session::Session;
use crate::settings::Settings;
use crate::store::retry::Retrying;
use crate::store::s3::S3Store;

use super::journal::Journal;
use super::{Storage, StorageOptions};

/// A storage as programs have it: over S3, with retries.
///
/// ```
/// use s3collect::storage::S3Storage;
///
/// /// A view gets it from whoever starts the program.
/// async fn has_avatar(storage: &S3Storage, user: &str) -> Result<bool, s3collect::storage::StorageError> {
///     storage.exists(&format!("avatars/{user}.png")).await
/// }
/// ```
pub type S3Storage = Storage<Retrying<S3Store>>;

impl S3Storage {
    /// Opens the storage that settings name. It has no URLs until [`Storage::with_urls`]. With `local` the embedded endpoint
    /// lives as long as the storage and its clones.
    ///
    /// # Errors
    /// No credentials, an embedded endpoint that cannot start, or the like; nothing is asked of the service yet.
    ///
    /// ```
    /// # use std::collections::BTreeMap;
    /// use s3collect::settings::{Given, Needs, load};
    /// use s3collect::storage::S3Storage;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = tempfile::tempdir()?;
    /// # let (environment, directory) = (BTreeMap::new(), directory.path());
    /// // What the environment and `s3collect.toml` say, or else a directory in the place of a service.
    /// let sets = ["local=bucket".to_owned()];
    /// let given = Given { sets: &sets, ..Given::new(&environment, directory) };
    /// let settings = load(given, Needs { bucket: true, sources: false }).expect("fine settings").settings;
    /// # let settings = {
    /// #     let mut settings = settings;
    /// #     settings.connection.local = Some(directory.join("bucket"));
    /// #     settings
    /// # };
    /// let storage = S3Storage::connect(&settings).await?;
    /// storage.save("a.txt", "hello").await?;
    /// assert_eq!(storage.size("a.txt").await?, 5);
    /// # storage.close().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn connect(settings: &Settings) -> Result<Self, Problem> {
        let Session { store, endpoint } = Session::open(settings).await?;
        let store = Retrying::with_attempts(store, settings.connection.client.attempts, |_| {});
        let storage = Self::new(store, StorageOptions::from(settings));
        Ok(Self { endpoint: Some(Arc::new(endpoint)), ..storage })
    }

    /// The same with a directory of this machine in which multipart uploads are written down while they are under way:
    /// what a process that is killed outright leaves of one, [`Storage::take_back`] takes back in a later one. Several
    /// processes share such a directory.
    ///
    /// ```
    /// use s3collect::storage::S3Storage;
    ///
    /// async fn opened(settings: &s3collect::settings::Settings) -> Result<S3Storage, s3collect::error::Problem> {
    ///     let storage = S3Storage::connect(settings).await?.with_journal("/var/lib/acme/uploads");
    ///     storage.take_back().await?;
    ///     Ok(storage)
    /// }
    /// ```
    #[must_use]
    pub fn with_journal(mut self, directory: impl Into<PathBuf>) -> Self {
        let endpoint = self.endpoint.as_ref().and_then(|endpoint| endpoint.directory());
        let service = match endpoint {
            Some(local) => whole(local).display().to_string(),
            None => self.store.inner().endpoint().to_owned(),
        };
        let bucket = self.options.bucket.clone();
        self.journal = Some(Arc::new(Journal::new(directory.into(), service, bucket)));
        self
    }

    /// Ends the embedded endpoint once its last answer is out, where there is one; dropping the storage does not wait.
    ///
    /// ```
    /// # use s3collect::storage::S3Storage;
    /// async fn one_file(storage: S3Storage) -> Result<(), s3collect::storage::StorageError> {
    ///     storage.save("a.txt", "hello").await?;
    ///     storage.close().await;
    ///     Ok(())
    /// }
    /// ```
    pub async fn close(self) {
        if let Some(endpoint) = self.endpoint.and_then(Arc::into_inner) {
            endpoint.close().await;
        }
    }
}

/// The same directory is spelled in more than one way.
fn whole(directory: &Path) -> PathBuf {
    directory.canonicalize().unwrap_or_else(|_| directory.to_owned())
}
