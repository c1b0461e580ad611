//! What verbs over a bucket have in common: a runtime, a bar, an interrupt that is listened for, and a store that is
//! opened and closed again.

use std::io;
use std::sync::Arc;

use s3collect::error::Problem;
use s3collect::session::Session;
use s3collect::settings::Settings;
use s3collect::store::s3::S3Store;
use tokio_util::sync::CancellationToken;

use crate::interrupt;
use crate::output::{Printer, Watch};

/// Why there was no store to work over.
pub(crate) enum NoStore {
    /// An interrupt came first.
    Interrupted,
    /// It cannot be opened.
    Refused(Problem),
}

/// Works over the store that settings name.
pub(crate) fn over_store<T>(
    settings: &Settings,
    printer: &Arc<Printer>,
    work: impl AsyncFnOnce(S3Store, Arc<Watch>, CancellationToken) -> T,
) -> io::Result<Result<T, NoStore>> {
    let reporter = Arc::new(Watch::new(Arc::clone(printer)));
    Ok(crate::runtime()?.block_on(async {
        let cancel = CancellationToken::new();
        interrupt::watch(cancel.clone(), Arc::clone(printer), "requests under way");
        let session = tokio::select! {
            session = Session::open(settings) => session.map_err(NoStore::Refused)?,
            () = cancel.cancelled() => return Err(NoStore::Interrupted),
        };
        let Session { store, endpoint } = session;
        let done = work(store, reporter, cancel).await;
        endpoint.close().await;
        Ok(done)
    }))
}
