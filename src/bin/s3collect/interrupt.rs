//! Ctrl-C and SIGTERM: the first asks the run to end cleanly, the second ends it.

use std::sync::Arc;

use s3collect::error::Exit;
use tokio_util::sync::CancellationToken;

use crate::output::Printer;

/// Cancels on the first signal and exits on the second. Wants a runtime.
pub(crate) fn watch(cancel: CancellationToken, printer: Arc<Printer>, waiting: &'static str) {
    tokio::spawn(async move {
        signal().await;
        printer.line(&format!("interrupted: waiting for {waiting}; once more to end at once"));
        cancel.cancel();
        signal().await;
        at_once();
    });
}

#[expect(clippy::exit, reason = "whoever interrupts twice does not want to wait for anything")]
#[expect(clippy::disallowed_methods, reason = "the same")]
fn at_once() {
    std::process::exit(i32::from(Exit::Interrupted.code()));
}

/// Waits for Ctrl-C or SIGTERM; for ever where neither can be listened for.
pub(crate) async fn signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                result = tokio::signal::ctrl_c() => if result.is_ok() { return },
                _ = terminate.recv() => return,
            }
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
